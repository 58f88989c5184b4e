"""The only code that writes this room's tables."""
