"""The fault matrix: whatever strikes, one clean run later the tables are those of an undisturbed run.

Each trial is drawn from a seed: some rooms and what happens at their sources, a way to start them,
and what strikes when, while they are at work through real workers, a real Prefect server and a real
PostgreSQL. Then everything is put right again, one clean run of each room follows, and the tables
are compared, row by row, with those of runs that nothing disturbed.
"""
