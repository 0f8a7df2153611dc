"""docs/cli.md: the help of every command, as the program itself prints it.

The command stands above this package, so it is run and not imported.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator

from gateway.development.pages.markdown import head

_RUN = "from gateway.cli import main; main(prog_name='kuacheng')"
_LISTED = re.compile(r"^ {2}([a-z][a-z-]*)(?: {2}|$)", re.MULTILINE)
_INTRODUCTION = """
Exit status of every command: 0 fine, 1 a finding, 2 wrong use. `-o json` prints one JSON value for programs.
`kuacheng completion bash` (zsh, fish) prints what your shell needs to complete all this.
"""


def page() -> str:
    """The page."""
    sections = (f"\n## {' '.join(('kuacheng', *path))}\n\n```text\n{text}```\n" for path, text in helps())
    return head("The command", "the help of each command") + _INTRODUCTION + "".join(sections)


def helps(path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Each command's path and its help, a group before its commands."""
    text = _help(path)
    yield path, text
    _, _, commands = text.partition("\nCommands:\n")
    for name in _LISTED.findall(commands):
        yield from helps((*path, name))


def _help(path: tuple[str, ...]) -> str:
    environment = os.environ | {"COLUMNS": "100", "PYTHONUTF8": "1"}
    asked = [sys.executable, "-c", _RUN, *path, "--help"]
    done = subprocess.run(asked, env=environment, capture_output=True, encoding="utf-8", check=True)  # noqa: S603  our own program
    return done.stdout
