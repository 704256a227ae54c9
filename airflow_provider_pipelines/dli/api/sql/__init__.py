"""Calls about SQL jobs."""
