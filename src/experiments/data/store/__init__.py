"""What is prepared once: tables, pictures, features of captions."""
