"""How captions are read: words, characters, word pieces."""
