"""The package on every Airflow that it supports, each in an environment of its own: for ``make matrix``."""
