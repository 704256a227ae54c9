"""One call each: the paths and bodies of EnOS, and what its answers mean."""
