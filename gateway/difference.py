"""What another configuration would change: what is added, removed and changed, by name.

Laws: pure; a name and never a value, so nothing secret can be in it; what judges differently and has no name of its own here is still told.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from gateway.config import Loaded, generations


class How(StrEnum):
    """What happened to it."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing: its kind, such as agreement, and its name."""

    how: How
    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.how} {self.kind} {self.name}"


def difference(before: Loaded, after: Loaded) -> tuple[Change, ...]:
    """By kind, then by name; nothing where both are the same."""
    was, now = _named(before), _named(after)
    found = tuple(change for kind in now for change in _compared(kind, was[kind], now[kind]))
    if not found and before.world.edition != after.world.edition:
        return (Change(How.CHANGED, "configuration", after.world.edition),)
    return found


def _compared(kind: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Change]:
    for name in sorted(was.keys() | now.keys()):
        if name not in was:
            yield Change(How.ADDED, kind, name)
        elif name not in now:
            yield Change(How.REMOVED, kind, name)
        elif was[name] != now[name]:
            yield Change(How.CHANGED, kind, name)


def _named(loaded: Loaded) -> Mapping[str, Mapping[str, Any]]:
    """By kind and name, something that differs where the thing does. A table has functions in it and is compared by its edition."""
    world = loaded.world
    systems = loaded.systems.values()
    return {
        "agreement": {each.id: each for some in world.agreements.values() for each in some},
        "search right": {" ".join(who): rights for who, rights in world.search_rights.items()},
        "evidence type": {each.type.alias: each.type for each in world.tables.values()},
        "table": {f"{each.type.alias} of {each.region}": (each.edition, each.system) for each in world.tables.values()},
        "region": {
            code: (each, loaded.revocation_lists.get(code), loaded.settings.regions[code].ocsp)
            for code, each in world.regions.items()
        },
        "interface": {each.interface.name: each.interface for each in loaded.interfaces},
        "system": {each.name: _reached(each) for each in systems},
        "certificate": {"of the listener": _shown(loaded)} | {f"shown to {each.name}": each.pair for each in systems},
        "authorities": {f"of {each.region}": each.authorities for each in world.trust.anchors.values()}
        | {f"of {each.name}": each.authorities for each in systems},
        "generation": dict.fromkeys(generations(loaded.links)),
        "setting": {"limits": world.limits, "strict_identifiers": world.strict_identifiers, "deny_list": loaded.deny_list}
        | {"ledger.holder_key": world.holder_keys, "listen.front_proxy": world.trust.front_proxy},
    }


def _reached(system: Any) -> tuple[Any, ...]:
    wanted = ("url", "server_name", "timeout", "connections", "queue", "credentials")
    return tuple(getattr(system, name) for name in wanted)


def _shown(loaded: Loaded) -> tuple[bytes, bytes]:
    return loaded.server.certificate, loaded.server.key
