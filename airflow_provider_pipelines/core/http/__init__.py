"""The way of one call: signed, sent, read, and sent again where that does no harm."""
