"""A repository → its records: commits through git, everything else through GitHub's API."""
