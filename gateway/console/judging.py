"""Red, amber or green: one table of rules, each of which says what is so when it holds.

Laws: pure; the worst rule that holds gives the colour, and where nothing can be known nothing is green.
Source: the alerts of facts an operator can act on: a city that is not asked, a log that cannot be written, nobody watching the log.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from gateway.model.exchange import Result
from gateway.model.refusal import Blame, Reason
from gateway.model.standing import Passage
from gateway.telemetry.scraped import SATURATED, Flow, Stands, Traffic


class Light(StrEnum):
    """How something stands, from good to bad."""

    GREEN = "green"
    UNKNOWN = "unknown"
    AMBER = "amber"
    RED = "red"


class Subject(StrEnum):
    """What stands."""

    CITY = "city"
    GATEWAY = "gateway"
    LEDGER = "ledger"
    CERTIFICATES = "certificates"


@dataclass(frozen=True, slots=True)
class Reading:
    """What is known of a subject now.

    `traffic` is of the last five minutes and `recent` of the last one, None where the metrics cannot be read; `systems` are those of the
    city; `log_size` is None where the log cannot be read; `checkpoint_age` in seconds, None without witnesses, and `checkpoint_limit` how
    old it may be; `lives` says of each certificate which part of its life is left, of none where they cannot be read.
    """

    traffic: Traffic | None
    recent: Traffic | None = None
    region: str = ""
    systems: tuple[Stands, ...] = ()
    places: int = 0
    log_size: int | None = None
    checkpoint_age: float | None = None
    checkpoint_limit: float = 0.0
    lives: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One reason for a colour; `name` is a text of gateway.console.words, `rule.<name>`."""

    name: str
    subject: Subject
    light: Light
    holds: Callable[[Reading], bool]


@dataclass(frozen=True, slots=True)
class Judgement:
    """The colour, and the rules that hold, worst first."""

    light: Light
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """A colour and since when; `whole` is false where the console began no earlier, so that it may have been so before."""

    judgement: Judgement
    since: datetime
    whole: bool


SLOW_SECONDS: Final = 2.5
FAILING_MOST: Final = 0.5
FAILING: Final = 0.05
FULL: Final = 0.8
BUSY: Final = 0.8
OURS_MANY: Final = 0.05
LATE: Final = 0.5
RENEW_BELOW: Final = 1 / 3
HURRY_BELOW: Final = 1 / 6


def _passages(reading: Reading) -> list[Passage]:
    return [each.passage for each in reading.systems]


def _all_open(reading: Reading) -> bool:
    return bool(reading.systems) and all(each is Passage.OPEN for each in _passages(reading))


def _some_open(reading: Reading) -> bool:
    return any(each is not Passage.CLOSED for each in _passages(reading))


def _turned_away(reading: Reading) -> bool:
    return any(each.turned_away > 0 for each in reading.systems)


def _unclear(reading: Reading) -> bool:
    ended = _traffic(reading, lambda each: each.exchanges)
    return any(each.name[1:] == (reading.region, Result.UNKNOWN.value) for each in ended)


def _failing(traffic: Traffic | None, region: str) -> float:
    """The share of a region's exchanges that failed over there."""
    if traffic is None:
        return 0.0
    whole = sum(each.a_second for each in traffic.exchanges if each.name[1] == region)
    blamed = sum(each.a_second for each in traffic.refusals if each.name[1:] == (Blame.COUNTERPARTY.value, region))
    return blamed / whole if whole else 0.0


def _slow(reading: Reading) -> bool:
    found = reading.traffic.latencies if reading.traffic else ()
    return any(each.region == reading.region and each.city_p99 > SLOW_SECONDS for each in found)


def _ours(reading: Reading) -> float:
    """The share of exchanges that the gateway itself refused."""
    refused = sum(each.a_second for each in _refusals(reading) if each.name[1] == Blame.OURS.value)
    whole = reading.traffic.a_second if reading.traffic else 0.0
    return refused / whole if whole else 0.0


def _unwritable(reading: Reading) -> bool:
    return any(each.name[0] == Reason.LEDGER_UNAVAILABLE.name for each in _refusals(reading))


def _refusals(reading: Reading) -> Sequence[Flow]:
    return _traffic(reading, lambda each: each.refusals)


def _traffic(reading: Reading, part: Callable[[Traffic], Sequence[Flow]]) -> Sequence[Flow]:
    return part(reading.traffic) if reading.traffic else ()


def _busy(traffic: Traffic | None) -> float:
    return traffic.busy if traffic else 0.0


def _age(reading: Reading) -> float:
    """In parts of what is allowed."""
    return reading.checkpoint_age / reading.checkpoint_limit if reading.checkpoint_age and reading.checkpoint_limit else 0.0


RULES: Final = (
    Rule("city-all-open", Subject.CITY, Light.RED, _all_open),
    Rule("city-some-open", Subject.CITY, Light.AMBER, _some_open),
    Rule("city-failing-most", Subject.CITY, Light.RED, lambda reading: _failing(reading.recent, reading.region) > FAILING_MOST),
    Rule("city-failing", Subject.CITY, Light.AMBER, lambda reading: _failing(reading.traffic, reading.region) > FAILING),
    Rule("city-turned-away", Subject.CITY, Light.AMBER, _turned_away),
    Rule("city-unclear", Subject.CITY, Light.AMBER, _unclear),
    Rule("city-slow", Subject.CITY, Light.AMBER, _slow),
    Rule("city-unseen", Subject.CITY, Light.UNKNOWN, lambda reading: reading.traffic is None),
    Rule("gateway-silent", Subject.GATEWAY, Light.RED, lambda reading: reading.traffic is None),
    Rule("gateway-refuses-many", Subject.GATEWAY, Light.RED, lambda reading: _ours(reading) > OURS_MANY),
    Rule("gateway-saturated", Subject.GATEWAY, Light.RED, lambda reading: _busy(reading.recent) > SATURATED),
    Rule("gateway-busy", Subject.GATEWAY, Light.AMBER, lambda reading: _busy(reading.traffic) > BUSY),
    Rule("gateway-refuses", Subject.GATEWAY, Light.AMBER, lambda reading: 0 < _ours(reading) <= OURS_MANY),
    Rule(
        "gateway-full",
        Subject.GATEWAY,
        Light.AMBER,
        lambda reading: reading.traffic is not None and reading.traffic.in_flight > FULL * reading.places,
    ),
    Rule("ledger-unreadable", Subject.LEDGER, Light.RED, lambda reading: reading.log_size is None),
    Rule("ledger-unwritable", Subject.LEDGER, Light.RED, _unwritable),
    Rule("ledger-unwatched", Subject.LEDGER, Light.RED, lambda reading: _age(reading) > 1),
    Rule("ledger-late", Subject.LEDGER, Light.AMBER, lambda reading: LATE < _age(reading) <= 1),
    Rule(
        "certificates-hurry", Subject.CERTIFICATES, Light.RED, lambda reading: any(each < HURRY_BELOW for each in reading.lives)
    ),
    Rule(
        "certificates-renew",
        Subject.CERTIFICATES,
        Light.AMBER,
        lambda reading: any(HURRY_BELOW <= each < RENEW_BELOW for each in reading.lives),
    ),
    Rule("certificates-unread", Subject.CERTIFICATES, Light.UNKNOWN, lambda reading: not reading.lives),
)
_ORDER: Final = tuple(Light)


def rules(subject: Subject) -> tuple[Rule, ...]:
    """Those of a subject, worst first."""
    return tuple(sorted((each for each in RULES if each.subject is subject), key=lambda each: -_ORDER.index(each.light)))


def judge(subject: Subject, reading: Reading) -> Judgement:
    """How it stands."""
    holding = [each for each in rules(subject) if each.holds(reading)]
    return Judgement(holding[0].light if holding else Light.GREEN, tuple(each.name for each in holding))


def stands(before: Standing | None, judgement: Judgement, now: datetime) -> Standing:
    """The same colour goes on since it began; another begins now."""
    if before is not None and before.judgement.light is judgement.light:
        return Standing(judgement, before.since, before.whole)
    return Standing(judgement, now, whole=before is not None)


def worst(standings: Mapping[str, Standing]) -> Light:
    """The worst of all colours."""
    return max((each.judgement.light for each in standings.values()), key=_ORDER.index, default=Light.UNKNOWN)
