"""Backups of our database and of Prefect's: made, checked, put back, and thrown away when old."""
