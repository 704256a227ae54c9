"""What the four tasks of a window do."""
