"""From pages, and from files of metadata, to papers; pure functions."""
