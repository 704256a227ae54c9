"""The operations of CodeArts, by what they are about."""
