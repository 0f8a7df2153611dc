"""`kuacheng witness`: a witness of one's own for the logs of others: made once, then served."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from gateway.cli import printing

if TYPE_CHECKING:
    from gateway.ledger.note import Signer
    from gateway.witness.record import Record
    from gateway.witness.service import Witness

_MOST_BYTES: Final = 1 << 16

_folder = click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default="witness",
    show_default=True,
    help="Where the witness keeps its key and its record.",
)


@click.group("witness")
def command() -> None:
    """Run a witness: it cosigns a log's checkpoint only where it extends the last."""


@command.command("init")
@_folder
@click.option("--name", required=True, help="The witness's name for ever, a URL without scheme: witness.example.gov.cn/1")
@printing.output
def init(folder: Path, name: str, output: str) -> None:
    """Make the key and the empty record of a new witness, once, and print the key by which others verify it."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from gateway.ledger.note import NoteRefused
    from gateway.witness.folder import make

    try:
        verifier = make(folder, name, Ed25519PrivateKey.generate())
    except NoteRefused:
        printing.fail(f"{name!r} is no name for a witness: no spaces and no plus, for instance witness.example.gov.cn/1")
    except FileExistsError as error:
        printing.fail(f"a witness is there already: {error.filename2 or error.filename}; nothing was overwritten")
    except OSError as error:
        printing.fail(str(error))
    _print_key(str(verifier), output)


@command.command("key")
@_folder
@printing.output
def key(folder: Path, output: str) -> None:
    """Print the key by which others verify this witness, as a policy file names it."""
    _print_key(str(_signer(folder).verifier), output)


@command.command("show")
@_folder
@printing.output
def show(folder: Path, output: str) -> None:
    """Show what was last cosigned of each log, and every proof of a fork; exit status 1 if there is one."""
    from datetime import UTC, datetime

    record = _record(folder, _signer(folder))
    latest, forks = record.everything(), record.forks()
    record.close()
    if output == "json":
        logs = [{"origin": each.checkpoint.origin, "size": each.checkpoint.size, "moment": each.moment} for each in latest]
        found = [{"origin": each.origin, "size": each.size, "held": each.held, "given": each.given} for each in forks]
        printing.as_json({"logs": logs, "forks": found})
    else:
        rows = [
            (each.checkpoint.origin, str(each.checkpoint.size), f"{datetime.fromtimestamp(each.moment, UTC):%Y-%m-%d %H:%M:%S}")
            for each in latest
        ]
        printing.table("", ("log", "entries", "cosigned at (UTC)"), rows)
        for each in forks:
            click.echo(f"{each.origin} has signed two trees of {each.size} entries; -o json gives both notes", err=True)
    raise SystemExit(printing.FINDING if forks else 0)


@command.command("serve")
@_folder
@click.option("--listen", default="127.0.0.1:8710", show_default=True, help="HOST:PORT; port 0 takes a free one.")
@click.option(
    "--logs",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="The logs to watch: a verifier key a line, as `kuacheng ledger key` prints it.",
)
@printing.output
def serve(folder: Path, listen: str, logs: Path, output: str) -> None:
    """Serve POST /add-checkpoint (C2SP tlog-witness) until SIGTERM or SIGINT.

    Put a TLS proxy in front of it where the network between the cities is not private.
    """
    import asyncio

    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal():
        printing.fail(f"--listen {listen}: write HOST:PORT, for instance 127.0.0.1:8710")
    witness = _witness(folder, logs)
    asyncio.run(_serve(witness, host.strip("[]"), int(port), as_json=output == "json"))


async def _serve(witness: Witness, host: str, port: int, *, as_json: bool) -> None:
    import asyncio
    import signal
    import sys

    from gateway.telemetry.access import configure
    from gateway.witness.service import serving

    configure(sys.stderr)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        async with serving(witness, host, port) as address:
            if as_json:
                printing.as_json({"event": "serving", "witness": address, "key": str(witness.signer.verifier)})
            else:
                click.echo(f"cosigning on {address} for {', '.join(witness.logs)}")
            await stop.wait()
    except (OSError, OverflowError) as error:
        printing.fail(f"the witness does not start: {error}", printing.FINDING)
    finally:
        witness.record.close()


def _witness(folder: Path, logs: Path) -> Witness:
    from gateway.clock import SystemClock
    from gateway.config.files import Unreadable, read_file
    from gateway.ledger.note import NoteRefused
    from gateway.witness.service import Witness
    from gateway.witness.submission import logs_of

    signer = _signer(folder)
    try:
        watched = logs_of(read_file(logs, most=_MOST_BYTES).decode())
    except Unreadable as error:
        printing.fail(f"{error.message}; {error.hint}")
    except (NoteRefused, UnicodeDecodeError) as error:
        printing.fail(f"{logs}: {error}")
    return Witness(signer, watched, _record(folder, signer), SystemClock().now)


def _record(folder: Path, signer: Signer) -> Record:
    from gateway.witness.folder import RECORD
    from gateway.witness.record import Record, RecordUnusable

    try:
        return Record.open(folder / RECORD, signer.verifier)
    except RecordUnusable as error:
        printing.fail(str(error), printing.FINDING)


def _signer(folder: Path) -> Signer:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    from gateway.config.files import Unreadable, read_file
    from gateway.ledger.note import Algorithm, Signer, Verifier
    from gateway.witness.folder import KEY, NAME

    path = folder / KEY
    try:
        name = read_file(folder / NAME, most=_MOST_BYTES).decode().strip()
        private = load_pem_private_key(read_file(path, most=_MOST_BYTES, private=True), password=None)
    except Unreadable as error:
        printing.fail(f"{error.message}; `kuacheng witness init` makes a witness, and otherwise: {error.hint}")
    except (ValueError, TypeError, UnsupportedAlgorithm):
        printing.fail(f"{path} holds no private key that can be read; restore the one that `kuacheng witness init` made")
    if not isinstance(private, Ed25519PrivateKey):
        printing.fail(f"{path} holds no Ed25519 key; restore the one that `kuacheng witness init` made")
    return Signer(Verifier(name, Algorithm.COSIGNATURE_V1, private.public_key().public_bytes_raw()), private.sign)


def _print_key(vkey: str, output: str) -> None:
    if output == "json":
        printing.as_json({"key": vkey})
    else:
        click.echo(vkey)
