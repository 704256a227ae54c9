"""EnOS as the emulator plays it."""
