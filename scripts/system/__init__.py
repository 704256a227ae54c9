"""What ``make system`` runs: real components and PostgreSQL, killed, frozen and taken away at the wrong moment."""
