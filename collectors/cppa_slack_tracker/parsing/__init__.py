"""What Slack says → records."""
