"""One call each: the paths and bodies of DLI, and what its answers mean."""
