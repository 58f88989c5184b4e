"""The conformance kit: what every collector promises, as tests that a room cannot leave out.

A pytest plugin; nothing in it runs unless a test asks for the fixture `promise`.
"""
