"""EnOS as the emulator plays it: its gateway, its state, its operations."""
