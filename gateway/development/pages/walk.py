"""docs/walk.md: the walk of a question, in nine lines. Its order, results and waits are read from the corridor; only the words are here.

Law: where the corridor and the words below do not agree, there is no page.
"""

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, get_args, get_type_hints

from gateway import exchange as corridor_module
from gateway.development.pages.corridor import Called, called
from gateway.development.pages.markdown import code, head, table
from gateway.model.refusal import Blame, Reason
from gateway.ports import CityAdapter, Ledger

_ROOT: Final = Path(__file__).parents[3]
_PORTS: Final[Mapping[str, type]] = MappingProxyType({"ports.ledger": Ledger, "ports.adapters": CityAdapter})


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the walk: the calls that it stands for, and what it asks or says, in both languages.

    `never` are reasons that its calls know and that cannot come here.
    """

    name: str
    calls: tuple[str, ...]
    en: str
    zh: str
    never: frozenset[Reason] = frozenset()


STEPS: Final = (
    Step(
        "identify",
        ("identify",),
        "whose certificate is this, and may its CA speak for that region?",
        "证书属于谁？其签发机构可否代表该地区？",
    ),
    Step(
        "authorise",
        ("authorise",),
        "one agreement, named: matter, legal basis, fields, validity",
        "依据哪一份协议：事项、用证依据、字段、有效期",
    ),
    Step("route", ("route",), "which system of which city, which table", "由哪个城市的哪个系统答复，用哪张对照表"),
    Step("translate", ("outward",), "outward: the question in the city's own words", "出向：用对方城市的语言提问"),
    # Who asks again what was deferred intends a second time: to fetch it.
    Step(
        "intend",
        ("seal.intend", "ports.ledger.append", "seal.is_same", "seal.intend", "ports.ledger.append"),
        "nothing is asked before it is recorded",
        "未存证，不提问",
    ),
    Step(
        "ask",
        ("ports.adapters.ask", "settle", "seal.deferral"),
        "the city, within the caller's deadline less our margin",
        "在时限之内向对方城市查询",
    ),
    Step(
        "translate", ("inward", "presenting.shower"), "inward: what the city said, in canonical words", "入向：把答复译成统一语言"
    ),
    Step(
        "disclose",
        ("disclose",),
        "only the fields that the Permit names; the rest ends here",
        "只披露协议列明的字段，其余到此为止",
    ),
    Step(
        "conclude",
        ("seal.conclude", "ports.ledger.append"),
        "nothing is disclosed before it is recorded",
        "未存证，不披露",
        never=frozenset({Reason.REPLAYED_REQUEST}),  # only an INTENT has a key that tells a replay
    ),
)

_IN: Final = MappingProxyType(
    {"en": "Call: peer certificate, Query or Refusal, deadline", "zh": "Call：对端证书、问题（或拒绝）、时限"}
)
_WAIT: Final = "await"


def page() -> str:
    """The page. Raises RuntimeError where the corridor and STEPS do not agree."""
    made = walked(inspect.getsource(corridor_module))
    rows = (
        (str(number), step.name, "<br>".join(map(_signature, step.calls)), _ends(step)) for number, step in enumerate(STEPS, 1)
    )
    return (
        head("The walk", "gateway/exchange.py and the signatures of what it calls")
        + f"\n{inspect.getdoc(corridor_module)}\n"
        + f"\n```text\n{picture('en', made)}```\n\n```text\n{picture('zh', made)}```\n\n"
        + table(("step", "", "code", "a refusal here"), rows)
        + _REST
    )


def picture(language: str, made: tuple[Called, ...]) -> str:
    """Nine lines, and what comes in and goes out."""
    waits = _waits(made)
    lines = (
        f"  {number} {step.name:<9} -> {_gives(step.calls[0]):<12} {_WAIT if waits[number - 1] else '':<5}  {getattr(step, language)}"
        for number, step in enumerate(STEPS, 1)
    )
    return "\n".join((f"wire -- codec --> {_IN[language]}", *lines, "Sealed -- codec --> wire", ""))


def walked(source: str) -> tuple[Called, ...]:
    """What the corridor of this source calls, in order. Raises RuntimeError where that is not what STEPS says."""
    made = called(source, "exchange")
    said = tuple(name for step in STEPS for name in step.calls)
    if tuple(each.name for each in made) != said:
        order = ", ".join(each.name for each in made)
        raise RuntimeError(f"the corridor calls {order}; STEPS in gateway/development/pages/walk.py says otherwise: mend it")
    return made


def _waits(made: tuple[Called, ...]) -> tuple[bool, ...]:
    """For each step whether the corridor waits in it."""
    left = iter([each.waits for each in made])
    return tuple(any(list(islice(left, len(step.calls)))) for step in STEPS)


def _called(name: str) -> Callable[..., Any]:
    """The function behind a dotted name of the corridor."""
    port, _, method = name.rpartition(".")
    place: Any = _PORTS.get(port) or (getattr(corridor_module, port) if port else corridor_module)
    found: Callable[..., Any] = getattr(place, method)
    return found


def _gives(name: str) -> str:
    """The class of what a call gives; of a tuple or future, the class inside."""
    kind = get_type_hints(_called(name))["return"]
    inner = get_args(kind)
    return str((inner[0] if inner else kind).__name__)


def _signature(name: str) -> str:
    function = _called(name)
    file = Path(inspect.getsourcefile(function) or "").relative_to(_ROOT)
    taken = ", ".join(each for each in inspect.signature(function).parameters if each != "self")
    return f"[{code(f'{name}({taken})')}](../{file}) → {code(_gives(name))}"


def _ends(step: Step) -> str:
    """The reasons that the step's own code names: its module's for a stage, its docstring's for a port."""
    text = "".join(map(_source, step.calls))
    named = set(re.findall(r"[A-Z_]{5,}", text))
    whole = [each for each in Blame if f"with blame {each.value}" in text]
    reasons = [code(each.name) for each in Reason if each.name in named and each not in step.never and each.blame not in whole]
    return ", ".join((*reasons, *(f"any of blame {each.value}" for each in whole))) or "none"


def _source(name: str) -> str:
    """The text of the stage's module and of those beside it that it imports."""
    function = _called(name)
    if name.startswith("ports."):
        return inspect.getsource(function)
    return "".join(inspect.getsource(each) for each in _modules(function.__module__))


def _modules(name: str) -> Iterator[Any]:
    module = import_module(name)
    yield module
    beside = name.rpartition(".")[0]
    if beside != "gateway.stages":
        yield from (each for each in vars(module).values() if inspect.ismodule(each) and each.__name__.startswith(f"{beside}."))


_REST: Final = """
Each step takes one kind of value and returns a narrower one; the next cannot be entered without it. A `Permit` is made in one place
only, and the codec lets out nothing but a `Sealed`. Steps 1 to 5 (`prepare`) and 7 to 9 (`conclude`) are pure: they are tested without
an event loop, a city or a clock.

## A refusal

A refusal walks the same corridor. Reading the wire is parsing: a question arrives as a `Query` or as the `Refusal` that reading it
earned (`INVALID_REQUEST`, `INVALID_IDENTIFIER`, `DEADLINE_TOO_SHORT`), and the corridor raises that one after step 1, so that the log
can say who asked. Any step raises `Refusal(reason, detail)`; `detail` goes to the evidence log and never to the wire; the words for the
caller stand once, in [reasons.md](reasons.md).

| it ends | the evidence log holds |
| --- | --- |
| before its intent is durable | one entry, `REFUSED` |
| after its intent | `INTENT`, and `OUTCOME` with the reason |
| between its two entries: a cancelled call, a stopped gateway | `INTENT`, and `OUTCOME` with result `UNKNOWN` |
| at the door: `OVERLOADED`, `SHUTTING_DOWN` | nothing: it was never an exchange ([ADR 0008](adr/0008-no-entries-at-the-door.md)) |

If the log itself cannot record, the caller gets `LEDGER_UNAVAILABLE` and no answer, whatever the city said.
"""
