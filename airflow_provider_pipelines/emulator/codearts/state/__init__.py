"""Pipelines and runs, and how they go on."""
