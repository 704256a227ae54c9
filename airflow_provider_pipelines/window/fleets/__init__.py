"""What a window has to know of each vendor."""
