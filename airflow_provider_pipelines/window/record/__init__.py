"""What a window remembers: the record, its keys, its intents and its claims."""
