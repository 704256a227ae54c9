"""Projects, jobs and batches of DLI, and how they go on."""
