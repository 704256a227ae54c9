"""DLI as the emulator plays it."""
