"""`kuacheng top`: what goes on in a gateway now, from its metrics. No question and no person is shown: metrics hold none."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli import printing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from gateway.telemetry.scraped import Traffic

_PATIENCE = 5.0
"""Seconds that a scrape may take."""
_SHOWN = 12
_SATURATED = "It can do no more: gRPC turns callers away, uncounted (runbook Saturated)"


@click.command("top")
@click.option("--dev", type=click.Path(dir_okay=False, path_type=Path), help="dev.json of a running `kuacheng dev`.")
@click.option("--metrics", "url", help="http://host:port/metrics of the gateway; without it, the address in the configuration.")
@click.option(
    "--interval", type=click.FloatRange(min=0.2), default=2.0, show_default=True, help="Seconds from one look to the next."
)
@click.option("--once", is_flag=True, help="One look, then end.")
@printing.config
@printing.output
def command(path: str, output: str, **given: Any) -> None:
    """Show live what a gateway does: exchanges a second by kind, region and result, latency, refusals, and how each system stands.

    Busy is the part of its time in which the event loop had something to do; near 100 % it can do no more.

    It reads the metrics twice and shows what came between. Ctrl-C ends it. With -o json one line a look.
    """
    where = metrics_address(path, output, given["url"], given["dev"])
    looks = _looks(where, given["interval"])
    try:
        if given["once"]:
            _printed(next(looks), output)
        elif output == "json":
            for each in looks:
                _printed(each, output)
        else:
            _live(looks)
    except KeyboardInterrupt:
        return


def metrics_address(path: str, output: str, url: str | None, dev: Path | None) -> str:
    """Where the metrics of a gateway are: as given, as dev.json has it, or as the configuration does."""
    return url or (_of_dev(dev) if dev else _address(path, output))


def _live(looks: Iterator[Traffic]) -> None:
    from rich.live import Live

    with Live(auto_refresh=False, screen=True) as screen:
        for each in looks:
            screen.update(_drawn(each), refresh=True)


def _of_dev(path: Path) -> str:
    import json

    try:
        return str(json.loads(path.read_text())["metrics"])
    except (OSError, ValueError, KeyError):
        raise click.UsageError(f"{path} is not there: start `kuacheng dev`") from None


def _address(path: str, output: str) -> str:
    from gateway.cli.problems import loaded_or_fail

    wanted = loaded_or_fail(Path(path), output).settings.metrics
    if wanted is None:
        printing.fail(f"{path} has no metrics address: give it one, or name one with --metrics")
    if not wanted.address.port:
        printing.fail(
            f"{path} leaves the port of the metrics to the system: name the one that the gateway printed with --metrics"
        )
    return f"http://{wanted.address}/metrics"


def _looks(where: str, interval: float) -> Iterator[Traffic]:
    """What went on since the last look, again and again."""
    from time import sleep

    from gateway.clock import SystemClock
    from gateway.telemetry.scraped import Scrape, between

    monotonic = SystemClock().monotonic
    try:
        last = Scrape.of(_read(where), monotonic())
        while True:
            sleep(interval)
            scrape = Scrape.of(_read(where), monotonic())
            yield between(last, scrape)
            last = scrape
    except ValueError:
        printing.fail(f"{where} has no metrics of a gateway: is it the right address?", printing.FINDING)


def _read(where: str) -> str:
    from http.client import HTTPException
    from urllib.parse import urlsplit
    from urllib.request import urlopen

    if urlsplit(where).scheme not in {"http", "https"}:
        raise click.UsageError("--metrics is an address as http://127.0.0.1:9464/metrics")
    try:
        with urlopen(where, timeout=_PATIENCE) as answer:  # noqa: S310  http and https only, as looked at above
            return str(answer.read().decode())
    except (OSError, HTTPException) as error:
        printing.fail(f"{where} cannot be read: {error}; is the gateway up, and is this its metrics address?", printing.FINDING)


def _printed(traffic: Traffic, output: str) -> None:
    if output == "json":
        printing.as_json(_plain(traffic))
    else:
        from rich.console import Console

        Console().print(_drawn(traffic))


def _plain(traffic: Traffic) -> dict[str, Any]:
    def number(known: float) -> float | None:
        return None if math.isnan(known) else known

    kinds, causes = ("evidence_type", "region", "result"), ("reason", "blame", "region")
    return {
        "seconds": traffic.seconds,
        "edition": traffic.edition,
        "in_flight": traffic.in_flight,
        "busy": number(traffic.busy),
        "exchanges_a_second": traffic.a_second,
        "exchanges": [dict(zip(kinds, each.name, strict=True)) | {"a_second": each.a_second} for each in traffic.exchanges],
        "refusals": [dict(zip(causes, each.name, strict=True)) | {"a_second": each.a_second} for each in traffic.refusals],
        "latencies": [
            {"region": each.region} | {name: number(getattr(each, name)) for name in ("p50", "p99", "city_p50", "city_p99")}
            for each in traffic.latencies
        ],
        "systems": [
            {
                "system": each.name,
                "passage": each.passage.value,
                "inside": each.inside,
                "places": each.places,
                "waiting": each.waiting,
                "turned_away_a_second": each.turned_away,
            }
            for each in traffic.systems
        ],
    }


def _drawn(traffic: Traffic) -> RenderableType:
    from rich.console import Group
    from rich.text import Text

    from gateway.telemetry.scraped import SATURATED

    busy = "" if math.isnan(traffic.busy) else f", {traffic.busy:.0%} busy"
    head = f"{traffic.a_second:.1f} exchanges a second, {traffic.in_flight} in flight{busy}; edition {traffic.edition}"
    said = [Text(head, style="bold", no_wrap=True, overflow="ellipsis")]
    if traffic.busy > SATURATED:
        said.append(Text(_SATURATED, style="bold red"))
    return Group(*said, *_tables(traffic))


def _tables(traffic: Traffic) -> list[RenderableType]:
    flows = [(*each.name, f"{each.a_second:.1f}") for each in traffic.exchanges[:_SHOWN]]
    refusals = [(*each.name, f"{each.a_second:.1f}") for each in traffic.refusals[:_SHOWN]]
    latencies = [
        (each.region, *(_milliseconds(value) for value in (each.p50, each.p99, each.city_p50, each.city_p99)))
        for each in traffic.latencies
        if not math.isnan(each.p50)
    ]
    systems = [
        (each.name, each.passage.value, f"{each.inside}/{each.places}", str(each.waiting), f"{each.turned_away:.1f}")
        for each in traffic.systems
    ]
    return [
        printing.drawn("", ("evidence type", "region", "result", "/s"), flows or [("nothing ended", "", "", "")]),
        printing.drawn("", ("region", "p50 ms", "p99 ms", "city p50", "city p99"), latencies),
        printing.drawn("", ("refused because", "blame", "region", "/s"), refusals),
        printing.drawn("", ("system", "breaker", "inside", "waiting", "away/s"), systems),
    ]


def _milliseconds(seconds: float) -> str:
    return "" if math.isnan(seconds) else f"{seconds * 1000:.0f}"
