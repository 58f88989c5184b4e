"""Pure functions: what git and GitHub say → frozen records."""
