"""What the database tells about the platform's health: how new the data is, what runs, what waits."""
