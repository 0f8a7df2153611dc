"""`kuacheng support`: a bundle for whoever helps, without persons and secrets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli import printing

if TYPE_CHECKING:
    from gateway.config import Loaded


@click.command("support")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default="kuacheng-support.tar.gz",
    show_default=True,
    help="Where the bundle goes; a file that is there is not overwritten.",
)
@click.option(
    "--log", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="The gateway's own log, as it was written."
)
@click.option("--metrics", default="", help="http://host:port/metrics of a gateway that runs; without it, by the configuration.")
@printing.config
@printing.output
def command(path: str, out: Path, log: Path | None, metrics: str, output: str) -> None:
    """Pack what somebody else needs to look at a gateway in trouble.

    Versions, what `kuacheng check` finds, the configuration with its secrets masked, certificates' dates, the newest checkpoint, metrics,
    and of the log the fields that hold no person. Look into it before you hand it on.
    """
    import asyncio
    import os

    from gateway.checking.everything import everything
    from gateway.checking.running import address, scraped
    from gateway.checking.support import packed, parts
    from gateway.clock import SystemClock

    if metrics and not metrics.startswith(("http://", "https://")):
        raise click.UsageError("--metrics is an address as http://127.0.0.1:9464/metrics")
    lines = asyncio.run(everything(Path(path), os.environ, metrics, SystemClock()))
    loaded = _loaded(path)
    where = metrics or (address(loaded) if loaded else "")
    said = log.read_text(errors="replace").splitlines() if log else ()
    files = parts(loaded, lines, scraped(where) if where else "", said)
    _write(out, packed(files))
    if output == "json":
        printing.as_json({"file": str(out), "parts": {name: len(content) for name, content in files.items()}})
    else:
        click.echo(f"{out}: {', '.join(files)}; look into it before you hand it on: tar -xzf {out}")


def _loaded(path: str) -> Loaded | None:
    import os

    from gateway.config import ConfigError, load

    try:
        return load(Path(path), os.environ)
    except ConfigError:
        return None  # the bundle has the problems, as check tells them


def _write(out: Path, content: bytes) -> None:
    import os

    try:
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        printing.fail(f"{out} cannot be written: {error.strerror}; give another --out")
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
