"""What reads the style of a picture, all that its caption does not say."""
