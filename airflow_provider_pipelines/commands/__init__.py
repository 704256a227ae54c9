"""The commands behind :mod:`airflow_provider_pipelines.cli`; loaded when one is run."""
