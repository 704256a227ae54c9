"""Calls about Spark batches."""
