"""The bdc command: puts the parts together, has no logic of its own."""
