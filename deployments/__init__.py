"""When things run, and how they are brought onto a Prefect server. Knows no room."""
