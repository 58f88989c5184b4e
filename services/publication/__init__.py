"""Pages of text in a folder or a git repository, kept as they should be, whatever happened before."""
