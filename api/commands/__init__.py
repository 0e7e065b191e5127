"""The command line: `yukyu`."""

from api.commands.program import main

__all__ = ["main"]
