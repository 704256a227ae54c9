"""Airflow provider for EnOS stream pipelines, Huawei Cloud CodeArts pipelines and DLI Flink jobs."""

__version__ = "0.1.0"
