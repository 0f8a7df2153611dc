"""What each city may do wrong on each interface, and how a question has to end then.

Laws: one row a fault and operation; `held` is how a question ends on a holder who has a record, `none` on one who has none. NO_RECORD
stands only where the fault spoils a record, and so leaves the city's word that there is none as it is; a test compares the bytes.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from gateway.development.city import City
from tests.journeys.asking import Desk, Question
from tests.journeys.canonical import CERTIFICATES, E_LICENCES

ISSUED, NO_RECORD, DEFERRED = "ISSUED", "NO_RECORD", "DEFERRED"
TIMEOUT, UNAVAILABLE, REFUSED, INVALID, AMBIGUOUS = (
    "CITY_TIMEOUT",
    "CITY_UNAVAILABLE",
    "CITY_REFUSED",
    "CITY_ANSWER_INVALID",
    "HOLDER_AMBIGUOUS",
)
REGION_OF = {"g1": "440100", "g2": "440100", "g3": "440100", "f1": "440600", "f2": "440600", "f3": "440600", "f4": "440600"}
HOUSING, MEDICAL, SOCIAL = ("housing-record",), ("medical-insurance-statement",), ("social-insurance-proof",)
KINDS_OF = {
    "g1": E_LICENCES,
    "g2": tuple(kind for kind in CERTIFICATES if kind not in HOUSING),
    "g3": HOUSING,
    "f1": E_LICENCES,
    "f2": tuple(kind for kind in CERTIFICATES if kind not in (*MEDICAL, *SOCIAL)),
    "f3": MEDICAL,
    "f4": SOCIAL,
}
LATE_SECONDS = 0.4
_FEW = 3
"""Kinds that a fault of the bytes befalls here: such a fault does not know of which kind the answer was to be."""
WITH_RECORDS, WITHOUT = 0, 10
"""Places in the population whose situation is settled."""


@dataclass(frozen=True)
class Fault:
    """One way to fail. Without an `operation` it befalls any that serves business; of some kinds of evidence only, if named."""

    interface: str
    name: str
    held: str
    none: str
    operation: str = ""
    only: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "-".join(each for each in (self.interface, self.operation, self.name) if each)

    @property
    def region(self) -> str:
        """The city that fails."""
        return REGION_OF[self.interface]

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of evidence that it befalls."""
        return self.only or KINDS_OF[self.interface][: _FEW if self.name in _BYTES else None]

    def questions(self, window: Desk, place: int) -> tuple[Question, ...]:
        """One of each kind that it befalls, on the holder at this place of the population."""
        return tuple(Question(kind, window.truth.holders(kind)[place]) for kind in self.kinds)


_LATENCY = {"latency": (ISSUED, NO_RECORD)}
_BYTES = {
    "hang": (TIMEOUT, TIMEOUT),
    "drip": (TIMEOUT, TIMEOUT),
    "reset": (INVALID, INVALID),
    "truncated": (INVALID, INVALID),
    "huge": (INVALID, INVALID),
    "status_500": (UNAVAILABLE, UNAVAILABLE),
    "garbage": (INVALID, INVALID),
    "wrong_charset": (INVALID, INVALID),
    "empty": (INVALID, INVALID),
    "not_object": (INVALID, INVALID),
}
_XML = {"entity_bomb": (INVALID, INVALID), "external_entity": (INVALID, INVALID)}
_RECORDS = {"missing_field": (INVALID, NO_RECORD), "unknown_code": (INVALID, NO_RECORD), "bad_date": (INVALID, NO_RECORD)}
_EVERYWHERE = _LATENCY | _BYTES
# A token that ends again and again: one more try, and then no more.
_SKEWED = {"clock_skew": (REFUSED, REFUSED)}
_STATUSES = {"unknown_status": (INVALID, INVALID), "expired_token": (REFUSED, REFUSED), "busy": (UNAVAILABLE, UNAVAILABLE)}

Ends = dict[str, tuple[str, str]]
_OWN: dict[tuple[str, str], Ends] = {
    # Nobody fetches a licence that there is not: whoever has none never meets the faults of get_license.
    ("g1", ""): _EVERYWHERE
    | _STATUSES
    | _SKEWED
    | _RECORDS
    | {"two_holders": (AMBIGUOUS, INVALID), "other_holder": (INVALID, NO_RECORD)},
    ("g1", "auth"): {"missing_field": (INVALID, INVALID)},
    ("g1", "get_license"): {name: (held, NO_RECORD) for name, (held, _) in (_EVERYWHERE | _STATUSES).items()},
    ("g2", ""): _EVERYWHERE
    | _STATUSES
    | _SKEWED
    | _RECORDS
    | {"two_holders": (AMBIGUOUS, INVALID), "other_holder": (INVALID, INVALID)},
    ("g3", ""): _EVERYWHERE
    | _STATUSES
    | _SKEWED
    | _RECORDS
    | {"two_holders": (AMBIGUOUS, INVALID), "other_holder": (INVALID, INVALID), "wrong_count": (INVALID, NO_RECORD)}
    | dict.fromkeys(("unknown_result", "empty_list"), (INVALID, INVALID))
    | {f"inner_{name}": (INVALID, INVALID) for name in ("garbage", "entity_bomb", "external_entity")},
    ("f1", ""): _EVERYWHERE
    | _XML
    | _RECORDS
    | {name: ends for name, ends in _STATUSES.items() if name != "busy"}
    | {"two_holders": (AMBIGUOUS, INVALID), "other_holder": (INVALID, INVALID)}
    | {f"inner_{name}": (INVALID, INVALID) for name in ("garbage", "entity_bomb", "external_entity")},
    ("f4", ""): _LATENCY
    | _RECORDS
    | {"unknown_status": (INVALID, INVALID), "expired_token": (REFUSED, REFUSED), "busy": (UNAVAILABLE, UNAVAILABLE)}
    | {"two_holders": (AMBIGUOUS, AMBIGUOUS), "other_holder": (INVALID, INVALID), "unknown_flag": (INVALID, INVALID)}
    | {"answers_twice": (INVALID, INVALID), "garbage": (INVALID, NO_RECORD), "half_answer": (INVALID, NO_RECORD)}
    | {"silence": (DEFERRED, DEFERRED), "hang": (TIMEOUT, TIMEOUT)},
    ("f2", ""): _EVERYWHERE
    | _STATUSES
    | _SKEWED
    | _RECORDS
    | {"two_holders": (AMBIGUOUS, AMBIGUOUS), "other_holder": (INVALID, INVALID), "unknown_custom_code": (INVALID, INVALID)},
    ("f3", ""): _EVERYWHERE
    | _STATUSES
    | _SKEWED
    | _RECORDS
    | {"two_holders": (AMBIGUOUS, AMBIGUOUS), "other_holder": (INVALID, INVALID), "unknown_infcode": (INVALID, INVALID)}
    | dict.fromkeys(("wrong_signature", "altered_cipher", "stale_envelope", "other_msgid", "inner_garbage"), (INVALID, INVALID)),
}
# An empty list without the flag: only a service that has the flag can leave it out.
_EMPTY_WITHOUT_FLAG = Fault("f2", "empty_without_flag", INVALID, INVALID, only=("housing-record",))

FAULTS = (
    *(Fault(interface, name, *ends, operation) for (interface, operation), own in _OWN.items() for name, ends in own.items()),
    _EMPTY_WITHOUT_FLAG,
)
"""Of the operations that serve business."""

_REFUSING = {"unknown_status": INVALID, "busy": UNAVAILABLE}
_LENDING: dict[tuple[str, str], dict[str, str]] = {
    ("g1", "login"): _REFUSING,
    ("f2", "refresh"): _REFUSING | {"expired_token": REFUSED, "missing_field": INVALID, "bad_secret": INVALID},
}
LENDING_FAULTS = tuple(
    Fault(interface, name, end, end, operation, KINDS_OF[interface][:1])
    for (interface, operation), own in _LENDING.items()
    for name, end in ({name: held for name, (held, _) in _BYTES.items() if name != "drip"} | own).items()
)
"""Of the operations that lend a token; they are called once the one that is held has ended."""

_FLAPS = {"g1": "auth", "g2": "", "g3": "", "f1": "", "f2": "", "f3": "", "f4": ""}
FLAPPING = tuple(Fault(interface, "flapping", ISSUED, NO_RECORD, operation) for interface, operation in _FLAPS.items())
"""Every other request is refused, with HTTP 500 where it came so: what is told is this, or that the city fails."""
SLOW = frozenset({"hang", "drip", "silence"})
"""What ends with the caller's patience only."""


@asynccontextmanager
async def armed(city: City, fault: Fault, seconds: float = LATE_SECONDS) -> AsyncIterator[None]:
    """For ever while within; `seconds` of latency."""
    if fault in LENDING_FAULTS:
        await city.break_(fault.interface, "expired_token", 1)
    await city.break_(fault.interface, fault.name, -1, seconds=seconds, **_named(fault))
    try:
        yield
    finally:
        await city.mend()


def _named(fault: Fault) -> dict[str, str]:
    return {"operation": fault.operation} if fault.operation else {}


def of_interface(interface: str) -> Iterator[Fault]:
    """Every row of one interface."""
    return (each for each in (*FAULTS, *LENDING_FAULTS, *FLAPPING) if each.interface == interface)
