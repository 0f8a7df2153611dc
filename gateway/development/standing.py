"""`kuacheng dev`: stays up, and says where everything is and what to paste."""

import asyncio
import json
import shlex
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from gateway.development.environment import Environment, describe, environment
from gateway.development.processes import EndedError, Started, StartError


async def stand(folder: Path, address: str, *, as_json: bool) -> None:
    """Until SIGINT or SIGTERM. Raises StartError where a program does not come up, EndedError where one ends by itself."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        async with environment(folder, address) as up:
            sys.stdout.write(json.dumps(describe(up), ensure_ascii=False) + "\n" if as_json else _told(up))
            sys.stdout.flush()
            gone = await _one_ends(stop, up.processes)
    except StartError:
        if not stop.is_set():  # Ctrl-C reaches those, too, that are just being started
            raise
        gone = ()
    if gone:
        raise EndedError("\n".join(each.end() for each in gone))
    sys.stderr.write("stopped\n")


async def _one_ends(stop: asyncio.Event, programs: Sequence[Started]) -> tuple[Started, ...]:
    """Waits for the stop, or for the end of a program that nobody stopped: which of them have ended."""
    waits = [asyncio.create_task(stop.wait()), *(asyncio.create_task(each.process.wait()) for each in programs)]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for each in waits:
        each.cancel()
    return () if stop.is_set() else tuple(each for each in programs if each.process.returncode is not None)


def _told(up: Environment) -> str:
    return _TEXT.format(
        gateway=up.gateway,
        metrics=up.metrics,
        guangzhou=up.cities["440100"],
        foshan=up.cities["440600"],
        witnesses=", ".join(f"{each.name} process {each.process.pid}" for each in up.witnesses.values()) + "; either is enough",
        file=up.file,
        dev=shlex.quote(str(up.file)),
        config=up.layout.config,
        query=_query(up),
        grpcurl=grpcurl(up),
    )


def _query(up: Environment) -> str:
    folder = shlex.quote(str(up.file))
    commands = (
        ("query", "--sample 0"),
        ("query", "--sample 9 -o json"),
        ("verify", "--sample 0 --claim insured_status=ACTIVE --claim months_paid=1"),
        ("usage", "--sample 0"),
    )
    return "\n  ".join(f"kuacheng {command} --dev {folder} {options}" for command, options in commands)


def grpcurl(up: Environment) -> str:
    """A grpcurl command that works: reflection, no .proto files needed."""
    client = describe(up)["clients"]["foshan-window"]
    request = json.dumps(_request(describe(up)["samples"][0]), ensure_ascii=False)
    return " \\\n    ".join(
        (
            f"grpcurl -cacert {shlex.quote(str(up.layout.pki.gateway_ca))} -cert {shlex.quote(client['cert'])}",
            f"-key {shlex.quote(client['key'])} -servername gateway.test",
            f"-d {shlex.quote(request).replace(_NEW_ID, _FRESH)}",
            f"{up.gateway} kuacheng.v1.EvidenceService/Query",
        )
    )


def _request(sample: dict[str, object]) -> dict[str, object]:
    holder, basis = sample["holder"], sample["legal_basis"]
    if not isinstance(holder, dict) or not isinstance(basis, dict) or not isinstance(sample["parameters"], dict):
        raise TypeError("a sample has parts")
    return {
        "request_id": _NEW_ID,
        "evidence_type": sample["type"],
        "provider_region": sample["region"],
        "holder": {**holder, "type": f"HOLDER_TYPE_{holder['type']}"},
        "purpose": sample["purpose"],
        "legal_basis": {**basis, "kind": f"LEGAL_BASIS_KIND_{basis['kind']}"},
        "parameters": [{"name": name, "months": value} for name, value in sample["parameters"].items()],
    }


_NEW_ID = "REQUEST-ID"
_FRESH = "'\"$(cat /proc/sys/kernel/random/uuid)\"'"
"""A new request_id at each paste: the same one twice is a replay."""

_TEXT = """\
Kuacheng is up; Ctrl-C ends it.

  gateway    {gateway}  (mutual TLS, server name gateway.test)
  metrics    http://{metrics}/metrics
  Guangzhou  {guangzhou}
  Foshan     {foshan}
  witnesses  {witnesses}
  config     {config}
  for scripts {file}

Ask, in another terminal:

  {query}

  {grpcurl}

Watch it:

  kuacheng top --dev {dev}
"""
