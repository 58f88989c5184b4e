"""A source on loopback for tests of collectors: recorded or made content, and faults on demand."""
