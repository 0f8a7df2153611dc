"""The code that a holder shows, from a file or typed unseen: never an argument, which shell history and process list would keep."""

from collections.abc import Mapping
from typing import Any, Final, TextIO

import click

from gateway.model.query import PresentedCode

_LONGEST: Final = 4096
_NAMING: Final = ("holder_number", "holder_name")


def read(given: Mapping[str, Any]) -> PresentedCode | None:
    """The code of `--presented-code-file`; None without it. Raises click.UsageError."""
    file: TextIO | None = given.get("presented_code_file")
    if file is None:
        return None
    if any(given[each] for each in _NAMING):
        raise click.UsageError("--presented-code-file stands in place of the holder: take --holder-number and --holder-name out")
    try:
        code = click.prompt("code that the holder shows", err=True, hide_input=True) if file.isatty() else file.read(_LONGEST)
    except UnicodeDecodeError:
        code = ""
    if not code.strip() or len(code.split()) != 1:
        raise click.UsageError("--presented-code-file holds one line: the code as it was scanned")
    return PresentedCode(code.strip())
