"""The operations of DLI."""
