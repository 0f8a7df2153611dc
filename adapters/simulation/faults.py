"""The ways in which a city's system may fail, and the book in which tests arm them.

Laws: a fault changes the answer, never the effect of the request; a fault that is armed for `times` requests shows
itself exactly so often. Faults of transport and of bytes live here; those in the shape of a record are the city's own.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from adapters.simulation.operation import TABLE, Operation, Reply
from adapters.simulation.population import draw

HANG = "hang"
TRANSPORT_FAULTS = {
    HANG: "no answer until the client goes away, or 60 s; a database that somebody else has locked",
    "latency": "the true answer, `seconds` late",
    "reset": "the connection is reset in the middle of the answer",
    "truncated": "half of the announced length, then an orderly close",
    "huge": "a body of 64 MiB, streamed",
    "drip": "a body that comes byte by byte, and in a minute not whole",
}
FLAPPING, CLOCK_SKEW = "flapping", "clock_skew"
SKEWED_SECONDS = 86_400.0
"""By how much a city's clock goes ahead that is out of step."""
BODY_FAULTS = {
    FLAPPING: "HTTP 500 to every other request; of a database, 'try later'",
    "status_500": "HTTP 500 with a page of HTML",
    "garbage": "200 with bytes that mean nothing",
    "wrong_charset": "the true text in another charset than the declared one",
    "empty": "200 without a body",
    "not_object": "well-formed, but of a wrong shape",
}
XML_FAULTS = {
    "entity_bomb": "entities that expand to a thousand million",
    "external_entity": "an entity that names a file of the reader's machine",
}
RECORD_FAULTS = {
    "missing_field": "a required field is absent",
    "unknown_code": "a code that stands in no code list",
    "bad_date": "a date that is none",
    "two_holders": "records of two different holders for a question on one",
    "other_holder": "the record of somebody else",
    "unknown_status": "an unlisted status or error code",
    "expired_token": "the token or secret has expired",
    "wrong_digest": "a digest that is not that of the file",
    "wrong_type": "a file of another type than the one asked for",
    "other_file": "another file each time",
    "busy": "the city's own code for 'try later'",
    CLOCK_SKEW: "the city's clock is a day ahead",
}
OFFERED = TRANSPORT_FAULTS | BODY_FAULTS | XML_FAULTS | RECORD_FAULTS

_NOT_OBJECT_XML = '<?xml version="1.0" encoding="{charset}"?><list><item>1</item></list>'
_BOMB = (
    '<?xml version="1.0" encoding="{charset}"?><!DOCTYPE r [<!ENTITY a0 "ha">'
    + "".join(f'<!ENTITY a{level} "{f"&a{level - 1};" * 10}">' for level in range(1, 10))
    + "]><r>&a9;</r>"
)
_EXTERNAL = (
    '<?xml version="1.0" encoding="{charset}"?><!DOCTYPE r [<!ENTITY outside SYSTEM "file:///etc/hostname">]><r>&outside;</r>'
)


class WrongFaultError(ValueError):
    """A fault was asked for that nobody offers."""


@dataclass(slots=True)
class Fault:
    """One armed fault: `times` more requests (below zero: for ever) of `operation`, or of any business operation."""

    interface: str
    name: str
    times: int
    operation: str | None
    seconds: float
    shows: bool = True


class FaultBook:
    """What is armed, in the order of arming; the first that fits a request is taken."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._operations = tuple(operations)
        self._armed: list[Fault] = []
        self.changed: Callable[[], None] = lambda: None
        """Called when a fault was armed, or all were cleared."""

    def arm(self, order: Any) -> None:
        """Arm {"interface", "fault", "times"?, "operation"?, "seconds"?}; WrongFaultError where that makes no sense."""
        if not isinstance(order, dict):
            raise WrongFaultError("an object with interface and fault is wanted")
        fault = Fault(
            interface=str(order.get("interface")),
            name=str(order.get("fault")),
            times=int(order.get("times", 1)),
            operation=order.get("operation"),
            seconds=float(order.get("seconds", 1.0)),
        )
        if not any(_offers(operation, fault.name) for operation in self._operations_of(fault.interface)):
            raise WrongFaultError(f"interface {fault.interface!r} offers no fault {fault.name!r}")
        self._armed.append(fault)
        self.changed()

    def clear(self) -> None:
        """Disarm everything."""
        self._armed.clear()
        self.changed()

    def take(self, operation: Operation, called: str) -> Fault | None:
        """The fault that this request must show, counted down; None where the answer is to be true."""
        for fault in self._armed:
            if _fits(fault, operation, called):
                shows, fault.shows = fault.shows, fault.name != FLAPPING or not fault.shows
                if not shows:
                    return None
                fault.times -= fault.times > 0
                if fault.times == 0:
                    self._armed.remove(fault)
                return fault
        return None

    def armed(self, operation: Operation, name: str) -> bool:
        """Whether this fault would befall the operation now."""
        return any(fault.name == name and _fits(fault, operation, operation.name) for fault in self._armed)

    def listing(self) -> dict[str, Any]:
        """What is offered, by interface, and what is armed."""
        interfaces = dict.fromkeys(operation.interface for operation in self._operations)
        return {
            "offered": {
                interface: {
                    name: text
                    for name, text in OFFERED.items()
                    if any(_offers(operation, name) for operation in self._operations_of(interface))
                }
                for interface in interfaces
            },
            "armed": [
                {"interface": fault.interface, "fault": fault.name, "times": fault.times, "operation": fault.operation}
                for fault in self._armed
            ],
        }

    def _operations_of(self, interface: str) -> list[Operation]:
        return [operation for operation in self._operations if operation.interface == interface]


def spoil(name: str, reply: Reply) -> Reply:
    """`reply` with its bytes spoilt as fault `name` says; as it is for a fault of transport or of the city's own."""
    xml = "xml" in reply.content_type
    if name in {"status_500", FLAPPING}:
        return replace(
            reply,
            status=500,
            body=b"<html><body><h1>Internal Server Error</h1></body></html>",
            content_type="text/html",
        )
    bodies: dict[str, Callable[[], bytes]] = {
        "garbage": lambda: draw("garbage", len(reply.body)).randbytes(2048),
        "empty": lambda: b"",
        "wrong_charset": lambda: _in_another_charset(reply),
        "not_object": lambda: _xml(_NOT_OBJECT_XML, reply) if xml else b'[1,"2",null]',
        "entity_bomb": lambda: _xml(_BOMB, reply),
        "external_entity": lambda: _xml(_EXTERNAL, reply),
    }
    return replace(reply, body=bodies[name](), response_inner=None) if name in bodies else reply


def _xml(document: str, reply: Reply) -> bytes:
    return document.format(charset=reply.charset).encode(reply.charset)


def _in_another_charset(reply: Reply) -> bytes:
    text = reply.body.decode(reply.charset)
    # A text of ASCII alone reads the same in both charsets, so it goes out in one where it does not.
    other = "utf-16" if text.isascii() else "gb18030" if reply.charset == "utf-8" else "utf-8"
    return text.encode(other)


def _fits(fault: Fault, operation: Operation, called: str) -> bool:
    if fault.interface != operation.interface or not _offers(operation, fault.name):
        return False
    if fault.operation is not None:
        return fault.operation == called
    return operation.business and fault.name not in operation.if_named


def _offers(operation: Operation, name: str) -> bool:
    wired = operation.method != TABLE and (name in TRANSPORT_FAULTS or name in BODY_FAULTS)
    return wired or (operation.xml and name in XML_FAULTS) or name in operation.faults or name in operation.if_named
