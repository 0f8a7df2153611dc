"""The configuration as it takes effect: each value, and where it comes from.

Law: a secret is shown as `***`, never otherwise.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from gateway.config.document import Document, Path, dotted
from gateway.config.loading import Loaded
from gateway.config.reference_sections import SecretFile, SecretVariable
from gateway.config.shape import Section

SECRET: Final = "***"  # noqa: S105 - what is shown instead of one
_DEFAULT: Final = "default"


@dataclass(frozen=True, slots=True)
class Row:
    """One value: its key, dotted; the value as it is written, or `***`; `file:line`, or `default`."""

    key: str
    value: str
    origin: str


def effective(loaded: Loaded) -> tuple[Row, ...]:
    """Every value of gateway.yaml, those included that are not written there, in the order of the page docs/configuration.md."""
    return tuple(_rows(loaded.document, (), loaded.settings))


def _rows(document: Document, path: Path, value: object) -> Iterator[Row]:
    if isinstance(value, SecretFile | SecretVariable):
        source = f"file {value.file}" if isinstance(value, SecretFile) else f"env {value.env}"
        yield Row(dotted(path), SECRET, f"{_origin(document, path)} ({source})")
    elif isinstance(value, Section):
        for name, field in type(value).model_fields.items():
            yield from _rows(document, (*path, field.alias or name), getattr(value, name))
    elif isinstance(value, Mapping):
        for name, each in value.items():
            yield from _rows(document, (*path, name), each)
    elif isinstance(value, tuple) and value:
        for index, each in enumerate(value):
            yield from _rows(document, (*path, index), each)
    else:
        yield Row(dotted(path), _shown(document, path, value), _origin(document, path))


def _shown(document: Document, path: Path, value: object) -> str:
    # As it is written: "500ms", not 0.5.
    written = document.at(path)
    if written is not None:
        value = written
    if value is None or value == ():
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    return _duration(value) if isinstance(value, float) else str(value)


def _duration(seconds: float) -> str:
    return f"{seconds:g}s" if seconds >= 1 else f"{seconds * 1000:g}ms"


def _origin(document: Document, path: Path) -> str:
    mark = document.marks.get(path)
    return f"{document.file}:{mark.line}" if mark else _DEFAULT
