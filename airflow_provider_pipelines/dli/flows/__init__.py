"""What takes several calls of DLI: looking at jobs, batches of them, creating one and finding it again."""
