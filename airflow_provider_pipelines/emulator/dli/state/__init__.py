"""Jobs and batches, and how they go on."""
