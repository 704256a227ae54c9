"""The operations of EnOS."""
