"""Alerts: what is wrong, told once, told again when it lasts, and told when it is over."""
