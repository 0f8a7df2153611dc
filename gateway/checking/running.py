"""How the gateway that runs stands to its files, by its metrics; where none runs, that is said and is no fault."""

from collections.abc import Iterator
from http.client import HTTPException
from typing import Final
from urllib.request import urlopen

from gateway.checking.line import Category, Line, fine, found
from gateway.checking.wording import Fault
from gateway.config import Loaded
from gateway.model.standing import Passage
from gateway.telemetry import series
from gateway.telemetry.scraped import Scrape

_PATIENCE: Final = 5.0


def running(loaded: Loaded, named: str) -> Iterator[Line]:
    """`named` is http://host:port/metrics, empty to take what the configuration says."""
    where = named or address(loaded)
    if not where:
        yield found(Category.GATEWAY, "metrics", Fault.GATEWAY_UNKNOWN)
        return
    try:
        scrape = Scrape.of(scraped(where), 0.0)
    except ValueError:
        scrape = Scrape(0.0, {})
    if not scrape.samples:
        yield found(Category.GATEWAY, where, Fault.GATEWAY_DOWN, where=where)
        return
    yield _edition(scrape, loaded, where)
    for (name, labels), value in sorted(scrape.samples.items(), key=lambda each: sorted(each[0][1])):
        if name == series.SYSTEM_PASSAGE.name and value and ("passage", Passage.OPEN.value) in labels:
            yield found(Category.GATEWAY, dict(labels)["system"], Fault.BREAKER_OPEN)


def _edition(scrape: Scrape, loaded: Loaded, where: str) -> Line:
    held = next((dict(labels)["edition"] for name, labels in scrape.samples if name == series.WORLD.name), "")
    wanted = loaded.world.edition
    if held != wanted:
        return found(Category.GATEWAY, where, Fault.GATEWAY_STALE, held=held or "?", wanted=wanted)
    return fine(Category.GATEWAY, where, f"runs, by edition {held}", f"正在运行，版本 {held}")


def scraped(where: str) -> str:
    """The metrics at http://host:port/metrics; empty where nobody answers."""
    try:
        with urlopen(where, timeout=_PATIENCE) as answer:  # noqa: S310  the command looks at the scheme, and ours is http
            return str(answer.read().decode())
    except (OSError, HTTPException, ValueError):
        return ""


def address(loaded: Loaded) -> str:
    """Where the configuration puts the metrics; empty where it does not say, or leaves the port to the system."""
    wanted = loaded.settings.metrics
    return f"http://{wanted.address}/metrics" if wanted and wanted.address.port else ""
