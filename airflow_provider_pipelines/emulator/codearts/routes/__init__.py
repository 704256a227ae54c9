"""The operations of CodeArts."""
