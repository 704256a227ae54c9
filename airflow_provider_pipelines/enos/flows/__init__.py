"""What takes several calls of EnOS: looking at pipelines, and at how far they are behind."""
