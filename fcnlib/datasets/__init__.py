"""Data sets: every one becomes the same prepared folder, which one reader reads."""
