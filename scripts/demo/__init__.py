"""Runs the maintenance window on a real Airflow against the emulator, and judges what came of it."""
