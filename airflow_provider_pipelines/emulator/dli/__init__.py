"""DLI as the emulator plays it: its state, how that is shown, its operations."""
