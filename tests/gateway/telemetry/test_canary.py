"""A holder's number and name, seeded in questions of every kind, are looked for in everything that a whole environment leaves behind.

Good questions, refused and malformed ones, cities that fail: then every log, metric, error and file is searched, but for keys, secrets
and dev.json, whose purpose it is to name the synthetic people. An unsalted hash of a number would be as bad as the number.
"""

import asyncio
import base64
import hashlib
import urllib.request
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import grpc

from adapters.simulation.identifiers import resident_number
from gateway.checking.everything import everything as checked
from gateway.checking.running import scraped
from gateway.checking.support import parts
from gateway.client import Client, ClientFailure, Identity, QueryRefused, Receipt, UsageSearch
from gateway.client.answer import Paper, read
from gateway.client.failure import of
from gateway.client.question import write
from gateway.clock import SystemClock, new_id
from gateway.config import load
from gateway.development.city import City
from gateway.development.environment import Environment, environment
from gateway.development.layout import DESK, SERVER_NAME
from gateway.development.samples import SEARCH_BASIS, Sample, purpose, samples
from gateway.ledger.reading import Log
from gateway.model.evidence import Rows, Value
from gateway.model.query import Query
from gateway.rpc.pb.v1 import evidence_pb2 as pb
from gateway.telemetry.scraped import Scrape, between
from tests.gateway.rpc.house import PATIENCE, QUERY

NAME = "司徒金丝雀"
NUMBER = resident_number("440106", date(1877, 7, 7), 77)
OPERATOR = "上官报警员"
TEXTS = (
    "request_id",
    "evidence_type",
    "provider_region",
    "holder.id_type",
    "holder.id_number",
    "holder.name",
    "purpose.matter_code",
    "purpose.matter_name",
    "purpose.case_number",
    "purpose.operator.account",
    "purpose.operator.name",
    "purpose.operator.role",
    "legal_basis.reference",
)
FAULTS = {"440100": ("g2", ("garbage", "status_500", "truncated", "bad_date")), "440600": ("f2", ("garbage", "two_holders"))}


def question(sample: Sample) -> Query:
    purpose = replace(sample.purpose, operator=replace(sample.purpose.operator, name=OPERATOR))
    return Query(new_id(), sample.type, sample.region, sample.holder, purpose, sample.legal_basis, sample.parameters)


def of_nobody(sample: Sample) -> Query:
    """The same question about the canary, whom no city knows."""
    asked = question(sample)
    return replace(asked, holder=replace(asked.holder, id_number=NUMBER, name=NAME))


def about_nobody(sample: Sample) -> pb.QueryRequest:
    return write(of_nobody(sample))


def malformed(sample: Sample) -> Iterator[bytes]:
    """The canary wherever a text may stand, in a form that is refused or taken, and in bytes that are no message."""
    for path in TEXTS:
        for value in (NUMBER, NAME, f"{NAME} {NUMBER}", NUMBER[:-1] + "0" * (NUMBER[-1] != "0") + "1" * (NUMBER[-1] == "0")):
            made = about_nobody(sample)
            *parts, name = path.split(".")
            holder = made
            for part in parts:
                holder = getattr(holder, part)
            setattr(holder, name, value)
            yield made.SerializeToString()
    for value in (NUMBER, NAME):
        made = about_nobody(sample)
        made.fields.append(value)
        made.parameters.add(name=value, text=value)
        made.parameters.add(name="months", date=value)
        made.legal_basis.token = value.encode()
        yield made.SerializeToString()
    yield about_nobody(sample).SerializeToString().replace(NAME.encode(), NAME.encode("gbk").ljust(len(NAME.encode())))
    yield about_nobody(sample).SerializeToString()[:-3]


@dataclass
class Heard:
    """Everything that came out of the gateway, but for the evidence itself."""

    errors: list[str] = field(default_factory=list)
    papers: list[Paper] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    exchanges: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    looked: list[str] = field(default_factory=list)

    def proofs(self) -> bytes:
        """What receipts show to whoever is shown them, and that in hexadecimal digits."""
        bare = [part for each in self.receipts for part in (each.leaf, each.proof.encode(), repr(each).encode())]
        return b"\n".join((*bare, *(each.leaf.hex().encode() for each in self.receipts)))


@asynccontextmanager
async def asking(up: Environment, client: str) -> AsyncIterator[grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]]:
    pair, authorities = up.layout.pki.clients[client], up.layout.pki.gateway_ca.read_bytes()
    credentials = grpc.ssl_channel_credentials(authorities, pair.key.read_bytes(), pair.certificate.read_bytes())
    options = (("grpc.ssl_target_name_override", SERVER_NAME),)
    async with grpc.aio.secure_channel(up.gateway, credentials, options) as channel:
        ask: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(QUERY)
        yield ask


async def hear(
    ask: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes], asked: Query, heard: Heard, body: bytes | None = None
) -> None:
    """Asks, in these bytes if there are any, which then come of this question."""
    try:
        sent = write(asked).SerializeToString() if body is None else body
        answer = read(pb.QueryResponse.FromString(await ask(sent, timeout=PATIENCE)), asked)
    except grpc.aio.AioRpcError as error:
        told = of(error)
        heard.errors.append(f"{error!r} {told!r} {told} {getattr(told, 'told', '')}")
        heard.exchanges.extend([told.told.exchange_id] if isinstance(told, QueryRefused) else [])
        heard.ends.append(getattr(told, "reason", told.code.name))
    else:
        heard.papers.extend(answer.evidence)
        heard.errors.append(f"{answer!r} {answer.provenance!r} {answer.claim!r}")
        heard.receipts.append(answer.receipt)
        heard.ends.append(answer.outcome.value)


async def everything(up: Environment, heard: Heard) -> None:
    """Every sample, about its holder and about the canary; what is malformed; and a city that fails."""
    for each in samples():
        async with asking(up, each.client.client) as ask:
            made = question(each)
            await asyncio.gather(*(hear(ask, asked, heard) for asked in (made, of_nobody(each), made)))
    first = samples()[0]
    async with asking(up, first.client.client) as ask:
        await asyncio.gather(*(hear(ask, of_nobody(first), heard, body) for body in malformed(first)))
    for region, (interface, faults) in FAULTS.items():
        city = City(up.cities[region], up.layout.pki.gateway_client, up.layout.pki.authorities[region].certificate)
        sample = next(each for each in samples() if each.region == region and each.type == "housing-record")
        async with asking(up, sample.client.client) as ask:
            for fault in faults:
                await city.break_(interface, fault, 1)
                await hear(ask, question(sample), heard)
                await city.mend()


async def look(up: Environment, heard: Heard) -> None:
    """Who looked at the canary and at the samples' holders, asked by whom it is told and by whom it is not, well and badly."""
    holders = [replace(samples()[0].holder, id_number=NUMBER, name=NAME), *(each.holder for each in samples()[:2])]
    why = replace(purpose(DESK), operator=replace(purpose(DESK).operator, name=OPERATOR))
    bad = [replace(why, case_number=NUMBER), replace(why, matter_name=f"{NAME} {NUMBER}"), replace(why, matter_code="other")]
    for name in (DESK.client, "foshan-window"):
        pair = up.layout.pki.clients[name]
        identity = Identity.from_files(pair.certificate, pair.key, up.layout.pki.gateway_ca)
        async with Client(up.gateway, identity, server_name=SERVER_NAME) as client:
            for search in (UsageSearch(holder, each, SEARCH_BASIS, page_size=1) for holder in holders for each in (why, *bad)):
                for token in ("", NUMBER):
                    try:
                        page = await client.find_usage(search, token)
                    except ClientFailure as failure:
                        heard.errors.append(f"{failure!r} {failure} {getattr(failure, 'told', '')}")
                        heard.looked.append(getattr(failure, "reason", failure.code.name))
                    else:
                        heard.errors.append(f"{page!r} {page.usages} {page.next_page_token}")
                        heard.receipts.append(page.receipt)
                        heard.looked.append("FOUND" if page.total else "NOTHING")


async def fetch(client: Client, heard: Heard) -> None:
    """The receipts of all that was refused, as far as it is this department's; and the canary asked for as an exchange."""
    for exchange in (*filter(None, heard.exchanges), NUMBER, NAME):
        try:
            fetched = await client.receipt(exchange)
        except ClientFailure as failure:
            heard.errors.append(f"{failure!r} {failure} {getattr(failure, 'told', '')}")
            heard.fetched.append(getattr(failure, "reason", failure.code.name))
        else:
            heard.errors.append(repr(fetched))
            heard.receipts.extend([fetched.receipt] if fetched.receipt else [])
            heard.fetched.append("FETCHED")
    heard.errors.append(await client.checkpoint())


_FEWEST = 6
"""Bytes of a spelling. Fewer, as of a name of two characters in GB 18030, could stand by chance in millions of bytes of hashes, signatures
and nonces, and in their hexadecimal or base64 digits; whatever would leak such a name would leak a longer one, of which there are some."""


def spellings(text: str) -> Iterator[bytes]:
    """How a text could stand in a file and still be read."""
    for charset in ("utf-8", "gb18030", "utf-16-le", "utf-16-be"):
        body = text.encode(charset)
        if len(body) < _FEWEST:
            continue
        yield body
        yield base64.b64encode(body).rstrip(b"=")
        yield body.hex().encode()
    yield text.encode("unicode_escape")
    for algorithm in ("md5", "sha1", "sha256", "sm3"):
        for whole in (text, f"111:{text}", f"111{text}"):
            digest = hashlib.new(algorithm, whole.encode())
            yield digest.digest()
            yield digest.hexdigest().encode()


class Wanted:
    """All spellings of all secrets, by how they begin: what is searched is gone through once, and not once for each of thousands."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._by_begin: defaultdict[bytes, set[tuple[bytes, str]]] = defaultdict(set)
        for secret in secrets:
            for spelling in spellings(secret):
                assert len(spelling) >= _FEWEST
                self._by_begin[spelling[:_FEWEST]].add((spelling, secret))

    def found(self, body: bytes) -> Iterator[str]:
        """What stands in this body, wherever it begins."""
        begins = self._by_begin.keys()
        for at in [at for at in range(len(body)) if body[at : at + _FEWEST] in begins]:
            for spelling, secret in self._by_begin[body[at : at + _FEWEST]]:
                if body.startswith(spelling, at):
                    yield f"{secret} as {spelling!r}"


def _cells(paper: Paper) -> Iterator[Value]:
    """What stands in rows and could name a person: a home's title and place, who paid."""
    for value in paper.fields.values():
        if isinstance(value, Rows):
            yield from (
                row[name] for row in value.rows for name in ("title_number", "location", "withholding_agent") if name in row
            )


def secrets_of(heard: Heard) -> set[str]:
    """Every number and name that was asked, and what the cities told of it."""
    people = {text for each in samples() if each.holder.id_type == "111" for text in (each.holder.id_number, each.holder.name)}
    papers = {paper.number for paper in heard.papers} | {paper.identifier for paper in heard.papers}
    cells = {str(each) for paper in heard.papers for each in _cells(paper)}
    told = {
        str(paper.fields[name])
        for paper in heard.papers
        for name in ("address", "location", "file_number")
        if name in paper.fields
    }
    return {NUMBER, NAME, OPERATOR, *people, *filter(None, papers | told | cells)}


def files(folder: Path) -> dict[str, bytes]:
    """What lies in the environment's folder, but for what holds keys, secrets and the synthetic people by design.

    `front` is Foshan's own database, which a question about a person is put into.
    """
    kept = (folder / "pki", folder / "secrets", folder / "dev.json", folder / "front")
    found: dict[str, bytes] = {}
    for path in folder.rglob("*"):
        if path.is_file() and not any(path.is_relative_to(each) for each in kept):
            with suppress(FileNotFoundError):  # a journal, or what is written before it is renamed
                found[str(path.relative_to(folder))] = path.read_bytes()
    return found


async def operators(up: Environment) -> dict[str, bytes]:
    """What the tools of operators print and pack of this gateway."""
    where = f"http://{up.metrics}/metrics"
    lines = await checked(up.layout.config, {}, where, SystemClock())
    log = (up.layout.folder / "gateway.log").read_text().splitlines()
    bundle = parts(
        load(up.layout.config, {}), lines, await asyncio.to_thread(scraped, where), [*log, f"free text of {NAME} {NUMBER}"]
    )
    assert all(bundle.values()), "or the search would prove little"
    assert b'"event": "exchange"' in bundle["gateway.log"]
    told = between(Scrape.of("", 0.0), Scrape.of(bundle["metrics.txt"].decode(), 1.0))
    assert told.exchanges
    return {"top": repr(told).encode()} | {f"support {name}": content for name, content in bundle.items()}


async def test_no_person_is_found_in_what_an_environment_leaves_behind(tmp_path: Path) -> None:
    heard, folder = Heard(), tmp_path / "environment"
    async with environment(folder) as up:
        await everything(up, heard)
        with urllib.request.urlopen(f"http://{up.metrics}/metrics", timeout=PATIENCE) as answer:  # noqa: ASYNC210  our own
            metrics = answer.read()
        identity = Identity.from_files(
            up.layout.pki.clients["foshan-window"].certificate,
            up.layout.pki.clients["foshan-window"].key,
            up.layout.pki.gateway_ca,
        )
        async with Client(up.gateway, identity, server_name=SERVER_NAME) as client:
            heard.errors.append(repr(await client.evidence_types()))
            await fetch(client, heard)
        await look(up, heard)
        tools = await operators(up)
        while_up = files(folder)
    found = {f"{name} while up": body for name, body in while_up.items()} | files(folder)
    found |= {**tools, "metrics": metrics, "errors": "\n".join(heard.errors).encode(), "receipts": heard.proofs()}
    assert {"gateway.log", "guangzhou.log", "foshan.log", "ledger.db", "ledger.db.deferred", "gateway.yaml"} <= found.keys()
    wanted = {
        "ISSUED",
        "NO_RECORD",
        "NO_AGREEMENT",
        "REPLAYED_REQUEST",
        "INVALID_REQUEST",
        "INVALID_IDENTIFIER",
        "CITY_ANSWER_INVALID",
    }
    assert wanted <= set(heard.ends), "or the search would prove little"
    assert {"FETCHED", "UNKNOWN_EXCHANGE"} <= set(heard.fetched), "or receipts would not have been looked at"
    assert {"FOUND", "NO_AGREEMENT", "PURPOSE_NOT_COVERED", "INVALID_REQUEST"} <= set(heard.looked), "or who looked would not"
    assert "INTERNAL" not in (*heard.ends, *heard.fetched, *heard.looked)
    sought = Wanted(secrets_of(heard))
    assert {f"{name}: {leak}" for name, body in found.items() for leak in sought.found(body)} == set()
    assert set(sought.found(b"a log with " + NUMBER.encode() + b" in it")) == {f"{NUMBER} as {NUMBER.encode()!r}"}
    with Log.open(folder / "ledger.db") as log:
        assert log.size() > len(heard.ends)
        assert log.verify().sound
