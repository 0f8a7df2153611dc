"""docs/cli.md: the help of every command, as the program itself prints it.

The command stands above this package, so it is run and not imported.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator

from gateway.development.pages.markdown import head

_RUN = """
import contextlib, io, json, sys
from gateway.cli import main
for line in sys.stdin:
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
        main([*json.loads(line), "--help"], prog_name="kuacheng")
    print(json.dumps(said.getvalue()), flush=True)
"""
_LISTED = re.compile(r"^ {2}([a-z][a-z-]*)(?: {2}|$)", re.MULTILINE)
_INTRODUCTION = """
Exit status of every command: 0 fine, 1 a finding, 2 wrong use. `-o json` prints one JSON value for programs.
`kuacheng completion bash` (zsh, fish) prints what your shell needs to complete all this.
"""


def page() -> str:
    """The page."""
    sections = (f"\n## {' '.join(('kuacheng', *path))}\n\n```text\n{text}```\n" for path, text in helps())
    return head("The command", "the help of each command") + _INTRODUCTION + "".join(sections)


def helps() -> Iterator[tuple[tuple[str, ...], str]]:
    """Each command's path and its help, a group before its commands."""
    environment = os.environ | {"COLUMNS": "100", "PYTHONUTF8": "1"}
    with subprocess.Popen(  # noqa: S603  our own program
        [sys.executable, "-c", _RUN],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as program:
        yield from _below((), program)


def _below(path: tuple[str, ...], program: subprocess.Popen[str]) -> Iterator[tuple[tuple[str, ...], str]]:
    text = _help(path, program)
    yield path, text
    _, _, commands = text.partition("\nCommands:\n")
    for name in _LISTED.findall(commands):
        yield from _below((*path, name), program)


def _help(path: tuple[str, ...], program: subprocess.Popen[str]) -> str:
    if program.stdin is None or program.stdout is None:
        raise RuntimeError("started without pipes")
    program.stdin.write(json.dumps(path) + "\n")
    program.stdin.flush()
    told: str = json.loads(program.stdout.readline())
    return told
