"""git as a source: its processes, and which repository is meant by what a person writes."""
