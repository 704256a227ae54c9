"""The maintenance window: stop exactly what runs, work, always bring exactly that back."""

from airflow_provider_pipelines.window.group import MaintenanceWindow
from airflow_provider_pipelines.window.targets import CodeArtsPipelines, DliJobs, EnosPipelines

__all__ = ["CodeArtsPipelines", "DliJobs", "EnosPipelines", "MaintenanceWindow"]
