"""A local stand-in for the EnOS gateway, IAM, CodeArts Pipeline and DLI, for trying out DAGs without an account."""
