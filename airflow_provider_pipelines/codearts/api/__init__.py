"""One call each: the paths and bodies of CodeArts Pipeline, and what its answers mean."""
