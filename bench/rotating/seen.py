"""What a soak of certificates does, and what was seen of it."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Load:
    """What is done. `rate` in questions a second; every `fresh`-th is asked over a connection of its own.

    `mishaps`: rounds of everything that bench.mishaps knows. `kills`: of a worker, where there are several.
    """

    rotations: int
    changes: int
    revocations: int
    rate: float
    connections: int
    fresh: int = 10
    mishaps: int = 1
    workers: int = 1
    kills: int = 0


@dataclass(slots=True)
class Found:
    """What was seen. Latencies and durations in seconds."""

    calls: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    swaps: list[float] = field(default_factory=list)
    bites: list[float] = field(default_factory=list)
    bad: Counter[str] = field(default_factory=Counter)
    kills: int = 0
    asked_anew: int = 0
    seconds: float = 0.0

    def told(self) -> str:
        """In words."""
        return (
            f"{self.calls} questions in {self.seconds:.0f} s, failed: {dict(self.failures) or 'none'}; latency p50 "
            f"{quantile(self.latencies, 0.5) * 1e3:.1f} ms, p99 {quantile(self.latencies, 0.99) * 1e3:.1f} ms, "
            f"longest {max(self.latencies) * 1e3:.0f} ms\n"
            f"{len(self.swaps)} generations put in force, shown after p50 {quantile(self.swaps, 0.5) * 1e3:.0f} ms, "
            f"longest {max(self.swaps) * 1e3:.0f} ms; bad ones refused: {self.bad.total()}\n"
            + "".join(f"  {count} x {what}\n" for what, count in self.bad.items())
            + f"{len(self.bites)} revocations, refused after: longest {max(self.bites, default=0) * 1e3:.0f} ms\n"
            f"{self.kills} workers killed; {self.asked_anew} questions that they had in hand, "
            "or that whoever was left had no room for, were asked anew"
        )


def quantile(values: list[float], part: float) -> float:
    """The value that this part of all stays below."""
    ordered = sorted(values)
    return ordered[min(int(part * len(ordered)), len(ordered) - 1)]
