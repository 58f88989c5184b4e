"""Releases of the projects that we follow, each noticed once."""
