"""Calls about Flink jobs, their savepoints, graphs and templates."""
