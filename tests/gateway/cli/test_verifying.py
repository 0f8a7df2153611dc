"""`ledger verify` on a folder and an address: what it prints, and what it keeps for the next time."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography import x509

from gateway.cli.ledger import command
from gateway.clock import entropy
from gateway.ledger.filed import FiledRecords
from gateway.ledger.listening import Papers
from gateway.ledger.serving import Door, Served, serving
from gateway.ledger.serving import Readers as Who
from gateway.ledger.sqlite import SqliteLedger
from gateway.model.exchange import EntryKind
from tests.gateway.ledger.golden.__main__ import HERE, KEY, entry
from tests.gateway.ledger.keyring import signers
from tests.gateway.rpc.house import papers

LOG = "log.gateway.test/verifying"
VKEY = str(signers(LOG)[0].verifier)
ENTRIES = [entry(EntryKind.REFUSED, f"e{number}", number) for number in range(300)]


def run(*arguments: object) -> tuple[int, str, str]:
    found = CliRunner().invoke(command, [str(each) for each in arguments])
    return found.exit_code, found.stdout, found.stderr


def test_a_folder_is_verified_and_its_first_bad_entry_named() -> None:
    sound = run("verify", "--file", HERE / "sound-purged", "--key", KEY.verifier)
    assert sound == (
        0,
        "log.golden.test/2026a: 261 entries, every hash and the tree's root hold, of 250 the body was purged\n"
        f"  signed by {KEY.verifier}\n",
        "",
    )
    assert run("verify", "--file", HERE / "body-changed")[::2] == (1, "log.golden.test/2026a: entry 3: BODY_CHANGED\n")
    status, printed, _ = run("verify", "--file", HERE / "reordered", "-o", "json")
    assert (status, json.loads(printed)["first_bad"], json.loads(printed)["through"]) == (1, 0, 255)
    status, printed, _ = run("verify", "--file", HERE / "body-changed", "--hashes-only")
    assert (status, "the entries were not read" in printed) == (0, True)


def test_entries_of_a_folder_are_listed_and_shown() -> None:
    assert [each["index"] for each in json.loads(run("list", "-f", HERE / "sound", "--exchange", "d", "-o", "json")[1])] == [4, 5]
    assert "NO_AGREEMENT" in run("show", "3", "-f", HERE / "sound")[1]


def test_what_was_verified_is_kept_and_compared_the_next_time(tmp_path: Path) -> None:
    keep = tmp_path / "last-seen"
    given = ("--key", KEY.verifier, "--keep", keep)
    assert run("verify", "--file", HERE / "sound", *given)[0] == 0
    assert keep.read_text(encoding="utf-8") == (HERE / "sound" / "checkpoint").read_text(encoding="utf-8")
    before = keep.read_bytes()
    for name, said in (("rolled-back", "entries 4 to 6: ROLLED_BACK"), ("forked", "FORKED")):
        status, _, told = run("verify", "--file", HERE / name, *given)
        assert (status, said in told, keep.read_bytes()) == (1, True, before)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--file", "http://log.example"), "over https"),
        (("--file", HERE / "sound", "--ca", HERE / "policy"), "for an https address"),
        (("--file", "https://log.example", "--cert", HERE / "policy"), "belong together"),
        (("--file", "https://log.example", "--ca", HERE / "policy"), "--ca, --cert or --cert-key"),
        (("--file", HERE / "policy", "--hashes-only"), "folder or an address"),
        (("--file", HERE / "sound", "--checkpoint", HERE / "policy", "--keep", HERE / "policy"), "give one"),
        (("--file", HERE), "there is no checkpoint"),
        (("--file", "http://127.0.0.1:1"), "cannot be read"),
    ],
)
def test_what_cannot_be_verified_is_wrong_use(options: tuple[object, ...], said: str) -> None:
    status, _, told = run("verify", *options)
    assert (status, said in told) == (2, True), told


@asynccontextmanager
async def _served(path: Path, tmp_path: Path) -> AsyncIterator[tuple[str, str, tuple[object, ...]]]:
    """A log over mutual TLS, and the options by which its monitor and its auditor reach it."""
    kept = papers()
    for name, content in (
        ("ca", kept.gateway.certificate_pem),
        ("regions", kept.regions.own.certificate_pem),
        ("server", kept.server.certificate),
        ("server.key", kept.server.key),
        ("me", kept.sound.certificate),
        ("me.key", kept.sound.key),
    ):
        (tmp_path / name).write_bytes(content)
    tls = Papers(str(tmp_path / "server"), str(tmp_path / "server.key"), str(tmp_path / "regions"))
    names = x509.load_pem_x509_certificate(kept.sound.certificate).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    (uri,) = names.value.get_values_for_type(x509.UniformResourceIdentifier)
    options = ("--ca", tmp_path / "ca", "--cert", tmp_path / "me", "--cert-key", tmp_path / "me.key", "--key", VKEY)
    served = Served(partial(FiledRecords.open, path), lambda: None)
    auditor, monitor = Who(frozenset(), frozenset({uri})), Who(frozenset({uri}), frozenset())
    async with (
        serving(served, Door("127.0.0.1", 0, tls, auditor)) as to_auditors,
        serving(served, Door("127.0.0.1", 0, tls, monitor)) as to_monitors,
    ):
        yield to_auditors, to_monitors, options


async def test_an_address_is_verified_over_mutual_tls(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    ledger = SqliteLedger.open(path, log=LOG, signers=signers(LOG), entropy=entropy)
    await asyncio.gather(*map(ledger.append, ENTRIES))
    async with _served(path, tmp_path) as (to_auditors, to_monitors, options):
        status, printed, told = await asyncio.to_thread(run, "verify", "--file", to_auditors, *options)
        assert (status, f"{len(ENTRIES)} entries, every hash" in printed) == (0, True), told
        status, _, told = await asyncio.to_thread(run, "verify", "--file", to_monitors, *options)
        assert (status, "--hashes-only" in told) == (2, True), told
        status, printed, told = await asyncio.to_thread(run, "verify", "--file", to_monitors, "--hashes-only", *options)
        assert (status, "the entries were not read" in printed) == (0, True), told
    await ledger.close()
