"""Reads the configuration, or prints every problem of it and ends with status 1."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

import click

from gateway.cli import printing
from gateway.config import ConfigError, Loaded, Problem, Program, load


def loaded_or_fail(path: Path, output: str, *, programs: Mapping[str, Program] = MappingProxyType({})) -> Loaded:
    """The configuration; with `programs`, that of a gateway which is to ask the systems in it."""
    try:
        return load(path, os.environ, programs=programs)
    except ConfigError as error:
        refuse(error, output)


def refuse(error: ConfigError, output: str) -> NoReturn:
    """Tells every problem and ends with status 1."""
    tell(error.problems, output)
    raise SystemExit(printing.FINDING) from None


def tell(problems: Iterable[Problem], output: str) -> None:
    """Each problem with its place, on standard error; or one JSON value on standard output."""
    if output == "json":
        printing.as_json({"problems": [plain(each) for each in problems]})
        return
    for each in problems:
        click.echo(str(each), err=True)


def plain(problem: Problem) -> dict[str, Any]:
    """A problem as JSON."""
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "path": problem.path,
        "message": problem.message,
        "hint": problem.hint,
    }
