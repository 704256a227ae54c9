"""Changes the code that reads, judges, retries and stops for a window bit by bit, and counts what the tests notice."""
