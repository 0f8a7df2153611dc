"""Follows a page of documentation as its reader would: types its commands, saves its files, keeps what runs running.

A port that a page names is taken by whoever runs the tests, so each is replaced by a free one; nothing else is changed.
"""

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from tests.ports import free_port

ROOT = Path(__file__).parents[1]
SERVING = re.compile(r"kuacheng (dev|serve)\b|python \S+\.py 127\.")
_FENCED = re.compile(
    r"(?:[Ss]ave this\s+as\s+`(?P<file>[^`]+)`:\n\n)?^```(?P<language>[a-z]+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True)
class Block:
    """One fenced block of a page, and the file in which the page says to save it."""

    language: str
    text: str
    file: str = ""


def blocks(page: str) -> tuple[Block, ...]:
    return tuple(
        Block(found["language"], found["text"], found["file"] or "") for found in _FENCED.finditer((ROOT / page).read_text())
    )


def commands(page: str) -> tuple[str, ...]:
    return tuple(each for block in blocks(page) if block.language == "sh" for each in split(block.text))


def split(text: str) -> Iterator[str]:
    """The commands of a block; one may go on over several lines, by a backslash or an open quote."""
    command = ""
    for line in text.splitlines():
        command += line + "\n"
        if not _goes_on(command):
            yield command.strip()
            command = ""
    assert not command, f"a command has no end: {command}"


def _goes_on(command: str) -> bool:
    try:
        shlex.split(command)
    except ValueError:
        return True
    return command.endswith("\\\n")


@dataclass
class Terminal:
    """A folder in which commands are typed. Ends what it started."""

    folder: Path
    ports: dict[str, str] = field(default_factory=dict)
    running: dict[str, subprocess.Popen[str]] = field(default_factory=dict)
    stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for command in reversed(list(self.running)):
            self.end(command)
        self.stack.close()

    def run(self, command: str, status: int = 0) -> str:
        """What the command prints; it must end with this status."""
        done = subprocess.run(
            ["sh", "-c", self.typed(command)],
            cwd=self.folder,
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == status, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def python(self, text: str) -> str:
        """What a program of the page prints."""
        (self.folder / "program.py").write_text(self.typed(text))
        return self.run("python -W error program.py")

    def start(self, command: str) -> str:
        """The first line of a command that goes on until it is told to end."""
        log = self.stack.enter_context((self.folder / "stderr.log").open("a+"))
        process = self.stack.enter_context(
            subprocess.Popen(
                ["sh", "-c", f"exec {self.typed(command)}"],
                cwd=self.folder,
                env=self._environment(),
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        )
        self.running[command] = process
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, f"{command}\n{(self.folder / 'stderr.log').read_text()}"
        return line

    def end(self, command: str) -> None:
        """Ctrl-C."""
        process = self.running.pop(command)
        process.send_signal(signal.SIGINT)
        # A plain program of Python ends by the signal, and `kuacheng` by itself.
        assert process.wait(90) in {0, -signal.SIGINT}, command

    def typed(self, text: str) -> str:
        """With a free port for each that the page names."""
        return re.sub(r":(8[0-9]{3})\b", lambda found: f":{self._port(found[1])}", text)

    def _port(self, named: str) -> str:
        if named not in self.ports:
            self.ports[named] = str(free_port())
        return self.ports[named]

    def _environment(self) -> dict[str, str]:
        return os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "160"}
