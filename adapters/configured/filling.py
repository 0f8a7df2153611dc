"""What the gateway itself puts into a question: constants, credentials, stamps, the token; and the question as a tree.

Laws: pure; a secret goes where the description says, and into no error.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from adapters.connectors.moments import write_moment
from adapters.connectors.nesting import Leaf, Tree, leaf_text, nest
from adapters.connectors.settings import SettingRefused
from adapters.connectors.signing import Stamp
from gateway.model.interface import Filling, Origin

_IN_A_HEAD: Final = re.compile(r"[\x20-\x7e]{1,4096}")


@dataclass(frozen=True, slots=True)
class Asking:
    """One request as it is made: which operation, when and under which nonce, with which credentials and token."""

    operation: str
    stamp: Stamp
    credentials: Mapping[str, str] = field(repr=False)
    token: str = field(default="", repr=False)


def fill(filling: Filling, asking: Asking) -> Leaf:
    """The value."""
    value = _value(filling, asking)
    return f"{filling.before}{value}" if filling.before else value


def _value(filling: Filling, asking: Asking) -> Leaf:
    match filling.origin:
        case Origin.CONSTANT:
            return filling.value
        case Origin.CREDENTIAL:
            return asking.credentials[str(filling.value)]
        case Origin.NONCE:
            return asking.stamp.nonce
        case Origin.MOMENT:
            return write_moment(asking.stamp.moment, filling.form)
        case Origin.TOKEN:
            return asking.token
        case Origin.OPERATION:
            return asking.operation


def fill_all(fillings: Mapping[str, Filling], asking: Asking) -> dict[str, Leaf]:
    """The values by name."""
    return {name: fill(each, asking) for name, each in fillings.items()}


def fill_texts(fillings: Mapping[str, Filling], asking: Asking) -> dict[str, str]:
    """The values by name, as text."""
    return {name: leaf_text(fill(each, asking)) for name, each in fillings.items()}


def grow(parts: Mapping[str, Leaf], question: str, values: Mapping[str, str]) -> Tree:
    """The parts, and the table's values under `question`. Names that get in each other's way are a fault of the configuration."""
    prefix = f"{question}." if question else ""
    return nest({**parts, **{f"{prefix}{name}": text for name, text in values.items()}})


def check_head(fillings: Iterable[Filling], credentials: Mapping[str, str], system: str) -> None:
    """Raises SettingRefused for a credential that no header can carry."""
    for each in fillings:
        if each.origin is Origin.CREDENTIAL and not _IN_A_HEAD.fullmatch(credentials[str(each.value)]):
            what = f"the credential {each.value} goes into a header, and is no ASCII text of one line"
            raise SettingRefused(system, ("credentials", str(each.value)), what)
