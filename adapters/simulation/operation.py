"""What a city's program offers: operations, each a function from what was asked to what is answered.

Laws: an operation touches no socket and no clock; the frame hands it the moment and, when one is armed, the fault it
is to show.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

JSON_TYPE = "application/json; charset=utf-8"
TABLE = "TABLE"
"""What stands in place of an HTTP method where a row of a table asks; `path` is then the table. See adapters.simulation.front."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came. `headers` ignores case, `now` is in Unix seconds, `fault` is the operation's."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    now: float
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer. `charset` is the true one of `body`; `inner` texts (decoded inner XML) are shown on the tape."""

    body: bytes = field(repr=False)
    status: int = 200
    content_type: str = JSON_TYPE
    charset: str = "utf-8"
    request_inner: str | None = None
    response_inner: str | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """One door of an interface.

    interface   "g1", "f2", ...
    name        shown on the tape and named by a fault: "login", "get_license", ...
    path        an aiohttp route path; "/g2/{rest:.*}" catches what no operation before it took
    answer      the function itself
    business    False for login and refresh: a fault that names no operation passes them by
    faults      record-shaped faults that `answer` shows itself when `Asked.fault` says so
    if_named    more of them, shown only when the fault names this operation
    xml         whether the XML faults of the frame apply to the body
    name_of     where one path serves several operations (SOAP): the name by the request; total, whatever the body
    """

    interface: str
    name: str
    method: str
    path: str
    answer: Callable[[Asked], Reply]
    business: bool = True
    faults: frozenset[str] = frozenset()
    if_named: frozenset[str] = frozenset()
    xml: bool = False
    name_of: Callable[[Asked], str] | None = None

    def called(self, asked: Asked) -> str:
        """The operation's name for this very request."""
        return self.name_of(asked) if self.name_of else self.name


def json_reply(value: Any, status: int = 200) -> Reply:
    """`value` as compact JSON in UTF-8, Chinese characters unescaped."""
    return Reply(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(), status)
