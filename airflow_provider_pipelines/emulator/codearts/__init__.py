"""CodeArts Pipeline as the emulator plays it."""
