"""The metrics of several workers as those of one gateway.

Laws: what counts up never goes down here: a worker that began anew counts on from where the one before it ended, and one that cannot be
read keeps what it had. What is so many now is added over those that answer; what is so old, so large or so passable is the worst of theirs.
How busy each is stays apart, by a label `worker`: one that can do no more loses answers, however idle the others are.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from gateway.model.standing import Passage
from gateway.telemetry import series
from gateway.telemetry.scraped import Labels, Scrape
from gateway.telemetry.series import Kind

Key = tuple[str, Labels]

_COUNTED: Final = frozenset(
    name
    for each in series.ALL
    if each.kind in {Kind.COUNTER, Kind.HISTOGRAM}
    for name in ([each.name] if each.kind is Kind.COUNTER else [f"{each.name}_{part}" for part in ("bucket", "count", "sum")])
)
_ADDED: Final = frozenset(
    each.name
    for each in (series.IN_FLIGHT, series.LEDGER_QUEUE, series.SYSTEM_INSIDE, series.SYSTEM_PLACES, series.SYSTEM_WAITING)
)

_SOONEST: Final = frozenset(each.name for each in (series.LIST_DUE, series.LIST_ENDS))


class Merging:
    """Belongs to one event loop; `count` workers, always told in the same order."""

    def __init__(self, count: int) -> None:
        self._before: list[Mapping[Key, float]] = [MappingProxyType({})] * count
        self._seen: list[dict[Key, float]] = [{} for _ in range(count)]

    def take(self, scrapes: Sequence[Scrape | None], at: float) -> Scrape | None:
        """One scrape of each, None where it cannot be read; None where none can."""
        answered = [each for each in scrapes if each is not None]
        if not answered:
            return None
        for number, scrape in enumerate(scrapes):
            if scrape is not None:
                self._count(number, scrape.samples)
        now = _merged([each.samples for each in answered])
        return Scrape(at, now | _over(self._seen, sum))

    def _count(self, worker: int, samples: Mapping[Key, float]) -> None:
        before, seen = self._before[worker], self._seen[worker]
        counted = {_told_apart(key, worker): value for key, value in samples.items() if key[0] in _COUNTED}
        for key, value in counted.items():
            last = before.get(key, 0.0)
            seen[key] = seen.get(key, 0.0) + (value - last if value >= last else value)
        self._before[worker] = MappingProxyType(counted)


def _told_apart(key: Key, worker: int) -> Key:
    name, labels = key
    return (name, labels | {("worker", str(worker))}) if name == series.BUSY.name else key


def _merged(workers: Sequence[Mapping[Key, float]]) -> dict[Key, float]:
    """What is no count, of those that answer."""
    rest = [{key: value for key, value in each.items() if key[0] not in _COUNTED} for each in workers]
    added = [{key: value for key, value in each.items() if key[0] in _ADDED} for each in rest]
    return _over(rest, max) | _over(added, sum) | _over([_least(each) for each in rest], min)


def _least(samples: Mapping[Key, float]) -> dict[Key, float]:
    """Of what the least is the worst: whether systems are let through (they are where every worker lets them), and when lists end."""
    passed = ("passage", Passage.CLOSED.value)
    return {
        key: value
        for key, value in samples.items()
        if key[0] in _SOONEST or (key[0] == series.SYSTEM_PASSAGE.name and passed in key[1])
    }


def _over(workers: Sequence[Mapping[Key, float]], how: Callable[[Iterable[float]], float]) -> dict[Key, float]:
    keys = {key for each in workers for key in each}
    return {key: how([each[key] for each in workers if key in each]) for key in keys}
