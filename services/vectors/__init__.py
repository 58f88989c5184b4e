"""Documents: what search finds of what the rooms have collected."""
