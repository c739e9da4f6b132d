"""Weight files: reading, writing and matching them with nets."""
