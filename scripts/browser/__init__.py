"""The connection forms and the Test button of a real Airflow, in a real browser."""
