"""Projects, pipelines and runs of CodeArts, and how they go on."""
