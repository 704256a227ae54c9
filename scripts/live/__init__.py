"""A real Airflow against the emulator, each part a process: for ``scripts.demo`` and ``scripts.system``."""
