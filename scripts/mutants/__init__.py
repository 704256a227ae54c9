"""Changes the code that reads, judges and retries bit by bit, and counts how many of the changes the tests notice."""
