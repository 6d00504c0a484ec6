"""The command line: `condenslab list | run | claims | report | doctor`."""

from condenslab.cli.app import main

__all__ = ["main"]
