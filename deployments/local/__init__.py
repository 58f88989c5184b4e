"""What `bdc up` and `bdc worker` start on one machine: PostgreSQL, the Prefect server, a worker."""
