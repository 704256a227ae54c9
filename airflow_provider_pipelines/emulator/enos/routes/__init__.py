"""The operations of EnOS, by what they are about."""
