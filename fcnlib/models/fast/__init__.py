"""Faster forms of the nets: the same scores."""
