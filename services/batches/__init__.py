"""Batches of a schedule's groups: what each task was run for, so that it is run for that once."""
