"""What is checked of the arguments of SQL jobs and Spark batches alike."""

from __future__ import annotations

from typing import Any

from airflow_provider_pipelines.errors import ArgumentError


def text(value: Any, argument: str) -> str:
    """Check a text that must not be empty."""
    if not isinstance(value, str) or not value.strip():
        raise ArgumentError(argument, "is no text, or empty. Give a text; if it is a template, it had no value.")
    return value
