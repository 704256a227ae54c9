"""All fleets of a window side by side, each worked on by a participant."""
