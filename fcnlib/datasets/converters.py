"""Data sets: fetched, converted to one prepared layout, read, checked."""
