"""The levels of success of an answer, read from the outermost to the innermost.

Laws: pure; each level must be fine before the next is looked at; only the last may say that there is no record; a code on no list, or
a missing one, is CITY_ANSWER_INVALID.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from adapters.connectors.nesting import follow
from adapters.connectors.verdict import CodeTable, Meaning, spelled
from gateway.model.interface import Level, Says

_MEANINGS: Final[Mapping[Says, Meaning]] = MappingProxyType(
    {
        Says.OK: Meaning.OK,
        Says.NO_RECORD: Meaning.NO_RECORD,
        Says.REFUSED: Meaning.REFUSED,
        Says.LATER: Meaning.UNAVAILABLE,
        Says.OURS: Meaning.OURS,
        Says.AMBIGUOUS: Meaning.AMBIGUOUS,
        Says.EXPIRED: Meaning.EXPIRED_TOKEN,
    }
)


@dataclass(frozen=True, slots=True)
class Step:
    """One level, compiled."""

    name: str
    at: tuple[str, ...]
    codes: CodeTable
    optional: bool


@dataclass(frozen=True, slots=True)
class Judgement:
    """OK or NO_RECORD, and every code on the way to it, as evidence."""

    meaning: Meaning
    told: tuple[str, ...] = ()

    @property
    def status(self) -> str:
        """The codes as one."""
        return spelled(".".join(self.told))


FINE: Final = Judgement(Meaning.OK)


def code_table(level: Level) -> CodeTable:
    """What the codes of a level mean."""
    kind = int if level.number else str
    return CodeTable(kind, {kind(code): _MEANINGS[says] for code, says in level.says.items()})


def steps(levels: tuple[Level, ...], *, innermost: bool = True) -> tuple[Step, ...]:
    """The levels, compiled. Of those that are not innermost, none speaks about a holder."""
    outer = levels[:-1] if innermost else levels
    if any(Says.NO_RECORD in each.says.values() for each in outer) or (innermost and levels[-1].optional):
        raise RuntimeError("only the innermost level, which must be there, says that there is no record")
    return tuple(Step(each.at, tuple(each.at.split(".")), code_table(each), each.optional) for each in levels)


def judge(levels: tuple[Step, ...], tree: object, where: str, before: Judgement = FINE) -> Judgement:
    """What the levels say of this part of an answer, `before` being what those around it said. Raises Refusal, blame COUNTERPARTY."""
    for step in levels:
        code = follow(tree, step.at)
        if code is None and step.optional:
            continue
        told = (*before.told, spelled(code))
        before = Judgement(step.codes.judge(code, f"{where} {step.name}", spelled(".".join(told))), told)
    return before
