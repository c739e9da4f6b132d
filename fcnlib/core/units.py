"""What numbers are divided by to be told in other units."""

HOUR = 3600.0  # seconds
MB, GB = 1e6, 1e9  # bytes
