"""How the database grows: what it and each table took on each day."""
