"""From a connection to calls: what the hooks of all vendors share."""
