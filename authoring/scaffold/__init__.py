"""New rooms from the template in `cookiecutter-collector/`, and rooms of older templates renewed.

Everything is computed before anything is written, and what is written is undone when it fails.
"""
