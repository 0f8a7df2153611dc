"""The same load on both, in turn: what a query costs, and what it adds to the time of a call.

Law: A B A B, never A A B B, so that whatever else the machine does meets both alike.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from statistics import median
from typing import Final

from bench.load import Ask, Seen, asking, paced, saturated
from bench.machine import Cores, busy_seconds, cpu_seconds
from bench.stage import REGION, Question, Stage, Subject
from certs.development import TRUST_DOMAINS
from gateway.development.layout import SERVER_NAME, WINDOW

IN_FLIGHT: Final = 32
COST_MARK: Final = 2.5
"""The most that a whole exchange may cost, as a multiple of the bare pass-through's CPU; over each interface, what it may add to that."""
_WARMING: Final = 0.5
_WARMING_TURNS, _PACED_TURNS = 1, 4
_PASS, _FLOOR, _GATEWAY, _UNRECORDED, _DIRECT = "pass-through", "floor", "gateway", "null ledger", "direct"
_RATIOS: Final = ((_GATEWAY, _PASS), (_GATEWAY, _UNRECORDED), (_FLOOR, _PASS))
"""What is compared: of each pair the first over the second."""


@dataclass(frozen=True, slots=True)
class Cost:
    """One round: CPU in milliseconds a query, queries a second, and the parts of its core that it and others took."""

    cpu_ms: float
    rate: float
    own: float
    others: float


@dataclass(frozen=True, slots=True)
class Compared:
    """What came of it: medians over the rounds, and all in words.

    `ratio` is gateway over pass-through, `log_ratio` over the same gateway without its log, `floor_ratio` floor over pass-through.
    """

    ratio: float
    log_ratio: float
    floor_ratio: float
    told: str


async def compare_cost(up: Stage, asked: Question, rounds: int, seconds: float, cores: Cores) -> Compared:
    """All four at saturation, in turn."""
    costs: dict[str, list[Cost]] = {_PASS: [], _FLOOR: [], _GATEWAY: [], _UNRECORDED: []}
    for _ in range(rounds):
        for name, found in costs.items():
            found.append(await _cost(up, name, asked, seconds, cores))
    ratios = {
        f"{one} / {other}": [a.cpu_ms / b.cpu_ms for a, b in zip(costs[one], costs[other], strict=True)] for one, other in _RATIOS
    }
    ratio, log_ratio, floor_ratio = (median(each) for each in ratios.values())
    return Compared(ratio, log_ratio, floor_ratio, _costs_told(costs, ratios))


async def compare_latency(up: Stage, asked: Question, rate: int) -> str:
    """Both, and what stands behind the pass-through asked directly, at this rate, second by second in turn; in words.

    A quantile is the median of those of the single seconds: one stall of the machine is then not taken for the rule.
    """
    seconds: dict[str, list[Seen]] = {_DIRECT: [], _PASS: [], _GATEWAY: []}
    async with AsyncExitStack() as stack:
        asks = {name: await stack.enter_async_context(_connected(up, name)) for name in seconds}
        for turn in range(_WARMING_TURNS + _PACED_TURNS):
            for name, found in seconds.items():
                seen = await paced(asks[name], asked.fresh, rate, 1.0)
                up.asked.count(name, seen.answers)
                found.extend([seen] if turn >= _WARMING_TURNS else [])
    told = {
        name: tuple(median(each.quantile_ms(part) for each in found) for part in (0.5, 0.99)) for name, found in seconds.items()
    }
    least = told[_DIRECT][0]
    lines = [f"  {'':<13}{'p50':>8}{'p99':>8}{'added p50':>11}{'added p99':>11}"]
    for name, (half, most) in told.items():
        added = "" if name == _DIRECT else f"{half - least:>11.2f}{most - least:>11.2f}"
        lines.append(f"  {name:<13}{half:>8.2f}{most:>8.2f}{added}")
    return "\n".join(lines)


async def _cost(up: Stage, name: str, asked: Question, seconds: float, cores: Cores) -> Cost:
    pid = _subject(up, name).pid
    async with _connected(up, name) as asks:
        warm = await saturated(asks, asked.fresh, IN_FLIGHT, _WARMING)
        spent, busy = cpu_seconds(pid), busy_seconds(cores.measured)
        seen = await saturated(asks, asked.fresh, IN_FLIGHT, seconds)
        # At least the one step in which the kernel counts, also where the load was held up.
        spent, busy = max(0.01, cpu_seconds(pid) - spent), busy_seconds(cores.measured) - busy
    up.asked.count(name, warm.answers + seen.answers)
    return Cost(spent * 1e3 / seen.answers, seen.rate, spent / seen.seconds, max(0.0, busy - spent) / seen.seconds)


def _costs_told(costs: Mapping[str, Sequence[Cost]], ratios: Mapping[str, Sequence[float]]) -> str:
    lines = [f"  {'':<13}{'CPU ms a query':>15}{'queries/s':>11}{'its core':>10}{'others':>8}   CPU ms, each round"]
    for name, found in costs.items():
        cpu, rate, own, others = (
            median(each) for each in zip(*((one.cpu_ms, one.rate, one.own, one.others) for one in found), strict=True)
        )
        rounds = "  ".join(f"{each.cpu_ms:.3f}" for each in found)
        lines.append(f"  {name:<13}{cpu:>15.3f}{rate:>11.0f}{own:>10.0%}{others:>8.0%}   {rounds}")
    for compared, each in ratios.items():
        lines.append(f"  {compared:<57}   {'  '.join(f'{ratio:.2f}' for ratio in each)}")
    return "\n".join(lines)


def _subject(up: Stage, name: str) -> Subject:
    return {_PASS: up.proxy, _FLOOR: up.floor, _GATEWAY: up.gateway, _UNRECORDED: up.unrecorded}[name]


def _connected(up: Stage, name: str) -> AbstractAsyncContextManager[Sequence[Ask]]:
    pki = up.layout.pki
    if name == _DIRECT:
        authority = pki.authorities[REGION].certificate.read_bytes()
        return asking(up.backend, authority, TRUST_DOMAINS[REGION], pki.gateway_client)
    return asking(_subject(up, name).address, pki.gateway_ca.read_bytes(), SERVER_NAME, pki.clients[WINDOW.client])
