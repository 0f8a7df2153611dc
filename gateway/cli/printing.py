"""How commands print: a table for people, JSON for programs, and messages that say what to do next on standard error."""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:
    from rich.table import Table

FINDING, WRONG_USE = 1, 2
_SPACES = frozenset("\n\u00a0\u3000")
"""White space that is written on purpose: in Chinese that of a sign's width."""

output: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people, or for programs.",
)
config: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "-c",
    "--config",
    "path",
    type=click.Path(dir_okay=False),
    envvar="KUACHENG_CONFIG",
    default="gateway.yaml",
    show_default=True,
    help="The configuration; or KUACHENG_CONFIG.",
)
operator: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--operator",
    envvar="KUACHENG_OPERATOR",
    default="",
    help="Id of your own account, for the evidence log; or KUACHENG_OPERATOR. The system's user is recorded anyway.",
)


def as_json(value: Any) -> None:
    """One JSON value, in one line."""
    click.echo(json.dumps(value, ensure_ascii=False, default=str))


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Rows for people."""
    from rich.console import Console

    Console().print(drawn(title, columns, rows))


def drawn(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> "Table":
    """Rows as rich draws them."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    made = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for column in columns:
        made.add_column(column, overflow="fold")
    for row in rows:
        made.add_row(*(Text(visible(cell)) for cell in row))
    return made


def visible(text: str) -> str:
    """The text with what is no sign of writing spelled out: others wrote it, and a terminal obeys some of it."""
    return "".join(sign if sign.isprintable() or sign in _SPACES else sign.encode("unicode_escape").decode() for sign in text)


def fail(message: str, status: int = WRONG_USE) -> NoReturn:
    """Says what is wrong and ends with the status."""
    click.echo(message, err=True)
    raise SystemExit(status)
