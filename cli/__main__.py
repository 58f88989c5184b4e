"""`python -m cli`: the same as `bdc`."""

from cli.main import main

main()
