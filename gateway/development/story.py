"""`kuacheng demo`: five scenes on the terminal, each of them the real thing, and each checked as it is told."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from gateway.client import Answer, Client, Identity, MonthRange, Outcome, QueryRefused, Rows
from gateway.client.telling import rows
from gateway.development.city import City
from gateway.development.environment import Environment, environment
from gateway.development.layout import SERVER_NAME
from gateway.development.samples import Sample, samples
from gateway.ledger.reading import Log
from gateway.model.exchange import EntryKind

_WIDTH = 110
_CITY_ZH = {"440100": "Guangzhou 广州", "440600": "Foshan 佛山"}


@dataclass(slots=True)
class Stage:
    """Where the story is told: the terminal, what is up, and which exchanges there were."""

    console: Console
    up: Environment
    exchanges: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def check(self, claim: str, *, holds: bool) -> None:
        """A scene says what it shows, and whether that was so."""
        self.console.print(Text(("  ✔ " if holds else "  ✘ ") + claim, style="green" if holds else "bold red"))
        if not holds:
            self.faults.append(claim)


async def tell(folder: Path) -> bool:
    """Tells the story; whether everything in it was as it says."""
    console = Console(width=_WIDTH, highlight=False)
    console.print(
        "\n[bold]Kuacheng 跨城[/]: two cities ask each other for certificates and e-licences, lawfully and with evidence."
    )
    console.print("Everybody in this story is synthetic. Starting Guangzhou, Foshan, a witness of each and the gateway ...")
    async with environment(folder) as up:
        for each in (*up.witnesses.values(), *up.processes):
            console.print(
                f"  {each.name:<17} process {each.process.pid:<8} {each.said.get('url') or each.said.get('witness') or up.gateway}",
                style="dim",
            )
        console.print(
            "  this story is the caller, a sixth process; every exchange over mutual TLS, each city with an authority of its own",
            style="dim",
        )
        stage = Stage(console, up)
        for number, (title, scene) in enumerate(_SCENES, 1):
            console.rule(Text(f"{number}  {title}", style="bold cyan"), align="left")
            await scene(stage)
    console.rule()
    console.print(_NEXT if not stage.faults else f"[bold red]{len(stage.faults)} things were not as they should be[/]")
    return not stage.faults


async def _insurance(stage: Stage) -> None:
    sample = _found("social-insurance-proof", "440100", "ISSUED")
    stage.console.print("A window in Foshan (窗口) asks Guangzhou for a person's proof of social insurance (社会保险参保证明).")
    answer = await _shown(stage, sample)
    rows = answer.evidence[0].fields["contributions"]
    count = len(rows.rows) if isinstance(rows, Rows) else 0
    stage.check(f"ISSUED by the city, with {count} contributions as rows", holds=answer.outcome is Outcome.ISSUED and count > 0)


async def _licence(stage: Stage) -> None:
    sample = _found("business-licence", "440600", "ISSUED")
    stage.console.print(
        "A self-service terminal in Liwan, Guangzhou asks Foshan for a company's licence (营业执照): SOAP 1.1, GB18030."
    )
    answer = await _shown(stage, sample)
    stage.check(
        f"ISSUED, {answer.evidence[0].name}, in the same canonical form as every other answer",
        holds=answer.outcome is Outcome.ISSUED,
    )


async def _nothing(stage: Stage) -> None:
    sample = _found("housing-record", "440100", "NO_RECORD")
    stage.console.print("Somebody who owns no home. The city says so in so many words, and only then the gateway says NO_RECORD.")
    city = _city(stage, sample.region)
    after = await city.last()
    answer = await _ask(stage, sample)
    said = await city.tape(after)
    stage.console.print(
        Panel(_clip(said[-1]["response"]["body"]), title="what Guangzhou said", border_style="yellow", box=box.ROUNDED)
    )
    stage.check(f"outcome {answer.outcome.value}, an answer like any other, recorded", holds=answer.outcome is Outcome.NO_RECORD)
    stage.console.print("The same question again, while Guangzhou's system fails (we break it for one call):")
    await city.break_("g3", "status_500", times=1)
    refusal = await _refused(stage, sample)
    _show_refusal(stage, refusal)
    holds = refusal is not None and refusal.blame == "COUNTERPARTY"
    stage.check("an error with blame COUNTERPARTY, never NO_RECORD: it would read as 'owns no home'", holds=holds)


async def _stranger(stage: Stage) -> None:
    stage.console.print("A system with a good certificate of Foshan, but no agreement, asks for the same.")
    city = _city(stage, "440100")
    before = await city.last()
    refusal = await _refused(stage, _found("social-insurance-proof", "440100", "NO_AGREEMENT"))
    _show_refusal(stage, refusal)
    stage.check("refused by policy", holds=refusal is not None and (refusal.reason, refusal.blame) == ("NO_AGREEMENT", "POLICY"))
    stage.check("Guangzhou was not asked at all", holds=await city.last() == before)


async def _evidence(stage: Stage) -> None:
    with Log.open(stage.up.layout.ledger) as log:
        verdict, entries = log.verify(stage.up.layout.verifiers()), list(log.entries(after=-1, limit=1000))
    table = Table("index", "kind", "exchange", "result", "agreement", "holder's hash", box=box.SIMPLE_HEAD)
    for each in entries:
        facts = each.entry.facts
        result = str(facts.get("reason") or facts.get("result") or facts.get("act") or "")
        cells = ("…" + each.entry.exchange_id[-12:], result, str(facts.get("agreement", "")), str(facts.get("holder", ""))[:16])
        table.add_row(str(each.index), each.entry.kind.value, *cells)
    stage.console.print(table)
    found = {each.entry.exchange_id for each in entries if each.entry.kind is not EntryKind.ACT}
    stage.check(
        f"{verdict.entries} entries; every hash and the tree recompute, and the log's key has signed its root",
        holds=verdict.sound,
    )
    stage.check(f"all {len(stage.exchanges)} exchanges of this story are found in it", holds=set(stage.exchanges) == found)
    body = stage.up.layout.ledger.read_bytes()
    names = [text for each in samples() for text in (each.holder.id_number, each.holder.name)]
    stage.check("no holder's number or name stands in it", holds=not any(text.encode() in body for text in names))


Scene = Callable[[Stage], Awaitable[None]]
_SCENES: tuple[tuple[str, Scene], ...] = (
    ("Foshan asks Guangzhou: social insurance", _insurance),
    ("Guangzhou asks Foshan: a business licence", _licence),
    ("No record, and no answer: two different things", _nothing),
    ("No agreement, no answer", _stranger),
    ("The evidence log", _evidence),
)

_NEXT = """\
[bold]Try next[/] (after `. .venv/bin/activate`)
  kuacheng dev                      the same, and it stays up; it prints commands to paste
  kuacheng query --sample 2         in another terminal, while it runs
  kuacheng ledger list -f .kuacheng/ledger.db
  kuacheng tables check             what each city's tables map, withhold or miss
  docs/ and README.md               how to add a department, an agreement, an evidence type, a city"""


def _found(kind: str, region: str, outcome: str) -> Sample:
    return next(each for each in samples() if (each.type, each.region, each.outcome) == (kind, region, outcome))


def _city(stage: Stage, region: str) -> City:
    pki = stage.up.layout.pki
    return City(stage.up.cities[region], pki.gateway_client, pki.authorities[region].certificate)


async def _ask(stage: Stage, sample: Sample) -> Answer:
    pki = stage.up.layout.pki
    pair = pki.clients[sample.client.client]
    identity = Identity.from_files(pair.certificate, pair.key, pki.gateway_ca)
    async with Client(stage.up.gateway, identity, server_name=SERVER_NAME, attempts=1) as client:
        answer = await client.query(
            evidence_type=sample.type,
            region=sample.region,
            holder=sample.holder,
            purpose=sample.purpose,
            legal_basis=sample.legal_basis,
            parameters=sample.parameters,
        )
    stage.exchanges.append(answer.exchange_id)
    return answer


async def _refused(stage: Stage, sample: Sample) -> QueryRefused | None:
    try:
        await _ask(stage, sample)
    except QueryRefused as refusal:
        stage.exchanges.append(refusal.told.exchange_id)
        return refusal
    return None


async def _shown(stage: Stage, sample: Sample) -> Answer:
    """Asks, and shows the question, both sides of the city's dialect, and the answer."""
    city = _city(stage, sample.region)
    after = await city.last()
    answer = await _ask(stage, sample)
    print_, secrets = stage.console.print, stage.up.layout.secrets(sample.region)
    print_(Panel(_question(sample), title="canonical question", border_style="blue", box=box.ROUNDED))
    for said in await city.tape(after):
        name, request, response = _CITY_ZH[sample.region], said["request"], said["response"]
        asked = f"{request['method']} {_masked(request['path'])}\n{_headers(request['headers'])}{_clip(_body(request))}"
        for secret in secrets:
            asked = asked.replace(secret, "…")
        print_(
            Panel(
                Text(asked), title=f"to {name}: {said['interface']} {said['operation']}", border_style="yellow", box=box.ROUNDED
            )
        )
        print_(Panel(Text(_clip(_body(response))), title=f"from {name}", border_style="yellow", box=box.ROUNDED))
    print_(Panel(_answer(answer), title="canonical answer", border_style="green", box=box.ROUNDED))
    return answer


def _question(sample: Sample) -> Text:
    months = [f"{each.first} to {each.last}" for each in sample.parameters.values() if isinstance(each, MonthRange)]
    lines = [
        f"evidence_type    {sample.type}",
        f"provider_region  {sample.region}",
        f"holder           {sample.holder.id_type} {sample.holder.id_number} {sample.holder.name}   (synthetic)",
        f"purpose          {sample.purpose.matter_code} {sample.purpose.matter_name}, case {sample.purpose.case_number}",
        f"legal_basis      {sample.legal_basis.kind.value}, {sample.legal_basis.reference}",
    ]
    return Text("\n".join([*lines, *(f"parameters       months {each}" for each in months)]))


def _answer(answer: Answer) -> Text:
    lines = [f"outcome                {answer.outcome.value}"]
    for paper in answer.evidence:
        for name, value in rows(paper):
            first, *rest = value.split("\n")
            lines += [f"{name:<22} {first}", *(f"{'':<22} {each}" for each in rest[:3])]
    came = answer.provenance
    lines += [
        f"provenance             {came.system}, table {came.table_edition}, agreement {came.agreement}",
        f"receipt                {answer.receipt.log} #{answer.receipt.intent_index} and #{answer.receipt.outcome_index}",
    ]
    return Text("\n".join(lines), no_wrap=True, overflow="ellipsis")


def _show_refusal(stage: Stage, refusal: QueryRefused | None) -> None:
    if refusal is None:
        return
    told = refusal.told
    lines = (f"reason   {told.reason}", f"blame    {told.blame}", f"what now {refusal.message}", f"         {told.message_zh}")
    stage.console.print(Panel(Text("\n".join(lines)), title=f"refused: {refusal.code.name}", border_style="red", box=box.ROUNDED))


_SHOWN = ("x-tif-", "gjgxjhpt_", "SOAPAction")
_LONGEST = 900


def _headers(headers: dict[str, str]) -> str:
    return "".join(
        f"{name}: {value}\n" for name, value in headers.items() if name.lower().startswith(tuple(each.lower() for each in _SHOWN))
    )


def _masked(path: str) -> str:
    """Without the log-in token and the one-purpose code that G1 puts into its query string."""
    head, question, tail = path.partition("?")
    return head + question + "&".join(f"{part.partition('=')[0]}=…" for part in tail.split("&") if part)


def _body(side: dict[str, Any]) -> str:
    """The XML that a SOAP message carries, where there is one, else the body."""
    text = side.get("inner") or side.get("body") or ""
    try:
        return json.dumps(json.loads(text), ensure_ascii=False)
    except ValueError:
        return str(text)


def _clip(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} … and {len(text) - _LONGEST} characters more"
