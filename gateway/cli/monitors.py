"""`kuacheng ledger serve`: the evidence log over HTTP, for whoever watches it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli import printing

if TYPE_CHECKING:
    from gateway.ledger.listening import Papers
    from gateway.ledger.records import Opening
    from gateway.ledger.serving import Door, Readers, Served

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("serve")
@printing.config
@click.option("-f", "--file", type=_FILE, help="The log's database; without it, the one that the configuration names.")
@click.option("--cosigned", type=_FILE, help="With --file: where the gateway keeps the newest cosigned checkpoint.")
@click.option("--listen", default="127.0.0.1:8720", show_default=True, help="HOST:PORT; port 0 takes a free one.")
@click.option("--cert", type=_FILE, help="This server's certificate, PEM; with it, mutual TLS.")
@click.option("--key", type=_FILE, help="Its key, PEM.")
@click.option("--ca", type=_FILE, help="The authorities of those who may read, PEM.")
@click.option("--crl", type=_FILE, help="Their revocation lists, PEM; one for each authority.")
@click.option("--monitor", "monitors", multiple=True, metavar="URI", help="Who may read hashes; may be given again.")
@click.option("--auditor", "auditors", multiple=True, metavar="URI", help="Who may read the entries too; may be given again.")
@printing.output
def serve(
    *,
    path: str,
    file: Path | None,
    cosigned: Path | None,
    listen: str,
    cert: Path | None,
    key: Path | None,
    ca: Path | None,
    crl: Path | None,
    monitors: tuple[str, ...],
    auditors: tuple[str, ...],
    output: str,
) -> None:
    """Serve checkpoints, tiles and entries of the log (C2SP tlog-tiles), reading only, until SIGTERM or SIGINT.

    Hashes alone tell nothing of an exchange; they are served in plain on a loopback address. With --cert, --key and --ca those whose
    certificate has one of the URIs of --monitor read them from anywhere, and those of --auditor the entries too. A change of any of these
    files, or of a link to them, is taken up within a second; what cannot serve is logged, and the ones before stay.

    \b
    kuacheng ledger serve --listen 0.0.0.0:8720 --cert reading.pem --key reading.key --ca regions.pem \\
        --monitor spiffe://foshan.example/witness --auditor spiffe://guangdong.example/audit
    """
    import asyncio

    from gateway.ledger.serving import Door, Readers

    host, port = _address(listen)
    readers = Readers(frozenset(monitors), frozenset(auditors))
    tls = _tls(cert, key, ca, crl, readers)
    if tls is None and not _is_loopback(host):
        raise click.UsageError("in plain it is served on a loopback address only: give --cert, --key, --ca and who may read")
    door = Door(host, port, tls, readers if tls else None)
    asyncio.run(_serve(_served(path, file, cosigned), door, as_json=output == "json"))


async def _serve(served: Served, door: Door, *, as_json: bool) -> None:
    import asyncio
    import signal
    import sys

    from gateway.ledger.serving import serving
    from gateway.telemetry.access import configure

    configure(sys.stderr)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        async with serving(served, door) as address:
            what = "hashes to monitors, entries to auditors" if door.readers else "hashes only"
            if as_json:
                printing.as_json({"event": "serving", "ledger": address, "entries": door.readers is not None})
            else:
                click.echo(f"serving the log on {address}: {what}")
            await stop.wait()
    except OSError as error:
        printing.fail(f"the log is not served: {error}", printing.FINDING)


def _served(path: str, file: Path | None, cosigned: Path | None) -> Served:
    """What the options name; looked at once, so that what cannot be read is told at the start."""
    from gateway import storage
    from gateway.cli.problems import loaded_or_fail
    from gateway.ledger.filed import FiledRecords
    from gateway.ledger.kept import kept
    from gateway.ledger.records import LogUnusable
    from gateway.ledger.serving import Served

    opening: Opening | None = partial(FiledRecords.open, file) if file else None
    if opening is None:
        loaded = loaded_or_fail(Path(path), "text")
        opening, cosigned = storage.opening(loaded), loaded.witnesses.kept if loaded.witnesses else None
    try:
        opening().close()
    except (LogUnusable, OSError) as error:
        printing.fail(str(error))
    return Served(opening, partial(kept, cosigned) if cosigned else lambda: None)


def _address(listen: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 0xFFFF:  # noqa: PLR2004  the largest port
        raise click.UsageError(f"--listen {listen}: write HOST:PORT, for instance 127.0.0.1:8720")
    return host.strip("[]"), int(port)


def _is_loopback(host: str) -> bool:
    from ipaddress import ip_address

    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _tls(cert: Path | None, key: Path | None, ca: Path | None, crl: Path | None, readers: Readers) -> Papers | None:
    """Mutual TLS, if it was asked for; half of it is wrong use."""
    from gateway.ledger.listening import Papers

    given = cert, key, ca
    anybody = bool(readers.monitors or readers.auditors)
    if not any((*given, crl, anybody)):
        return None
    if not (cert and key and ca and anybody):
        raise click.UsageError("mutual TLS needs all of --cert, --key, --ca, and at least one --monitor or --auditor")
    papers = Papers(str(cert), str(key), str(ca), str(crl) if crl else None)
    try:
        papers.context()
    except OSError as error:  # an ssl.SSLError is one
        printing.fail(f"--cert, --key, --ca or --crl: {error.strerror or error}")
    return papers
