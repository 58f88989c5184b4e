"""Whether the tables hold what the sources have: compared, stored, and repaired by the next run."""
