"""The raw archive: what sources have answered, as received, to be read again without asking them."""
