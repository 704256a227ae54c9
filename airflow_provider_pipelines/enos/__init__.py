"""EnOS stream pipelines."""
