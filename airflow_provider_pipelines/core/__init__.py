"""What every vendor shares, without Airflow: calls, signing, transports, status and waiting."""
