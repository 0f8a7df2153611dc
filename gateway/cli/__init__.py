"""The `kuacheng` command: one file a group of commands, each thin.

Exit status: 0 fine, 1 a finding, 2 wrong use. Whatever is not needed for --help is imported inside the commands.
"""

from gateway.cli.root import main

__all__ = ["main"]
