"""A change of CA in steps, each planned before it is done: stage, activate, taint, retire.

    stage      the new CA stands in every bundle, beside the old; nobody shows anything signed by it yet
    activate   what we show is signed by the new one
    taint      the old one is still believed, and whoever still needs it is named
    retire     the old one is believed no more

Laws: pure: what is there goes in, a plan comes out; a step that would cut somebody off who was seen of late is refused unless it is forced
with a reason, which is recorded.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from certs import bundle
from certs.bundle import Member
from certs.denying import LIKE_A_NUMBER
from certs.seen import Seen

QUIET: Final = timedelta(hours=24)
"""For so long nobody may have been seen under a CA that is retired."""


class StragglersLeft(Exception):  # noqa: N818  named for what was found
    """A CA is still needed. `stragglers` are who was seen under it, the latest first."""

    def __init__(self, stragglers: tuple[Seen, ...], quiet: timedelta) -> None:
        hours = quiet.total_seconds() / 3600
        super().__init__(
            f"{len(stragglers)} certificates under it were shown within the last {hours:g} hours; "
            "have their owners renew them, or force it with a reason"
        )
        self.stragglers = stragglers


@dataclass(frozen=True, slots=True)
class Plan:
    """One step: the files of the next generation that differ, what that means in words, and what the evidence log is told of it.

    `undoes` says that a generation which was made earlier may take back what came in force since.
    """

    step: str
    changes: Mapping[str, bytes | None]
    says: tuple[str, ...]
    facts: Mapping[str, str]
    stragglers: tuple[Seen, ...] = ()
    undoes: bool = False


def stage(bundles: Mapping[str, bytes], new: bytes) -> Plan:
    """The new CA into these bundles, by their names in a generation. Raises BundleRefused."""
    made = {name: bundle.added(pem, new) for name, pem in bundles.items() if not _holds(pem, new)}
    if not made:
        raise bundle.BundleRefused("every one of the bundles holds it already")
    names = [each.name for each in bundle.members(new)]
    says = tuple(f"{name}: {each} is believed besides those that stand there" for name in made for each in names)
    return Plan("stage", made, says, {"ca": _fingerprints(bundle.members(new)), "bundles": " ".join(made)})


def taint(bundles: Mapping[str, bytes], fingerprint: str, seen: Iterable[Seen], now: datetime, quiet: timedelta = QUIET) -> Plan:
    """One CA of these bundles is to be retired. Raises BundleRefused."""
    held = {name: pem for name, pem in bundles.items() if _has(pem, fingerprint)} or bundles
    one = next(bundle.named(pem, fingerprint) for pem in held.values())
    made = {name: bundle.tainted(pem, fingerprint, now) for name, pem in held.items()}
    left = stragglers(one, seen, now, quiet)
    says = (f"{one.name} is believed still, and counts as to be retired", *_told(left))
    return Plan("taint", made, says, {"ca": one.fingerprint, "bundles": " ".join(made)}, left)


def retire(
    bundles: Mapping[str, bytes], fingerprint: str, seen: Iterable[Seen], now: datetime, quiet: timedelta, *, forced: str = ""
) -> Plan:
    """One CA leaves these bundles. `forced` is the reason for doing it although somebody needs it.

    Raises BundleRefused, or StragglersLeft.
    """
    held = {name: pem for name, pem in bundles.items() if _has(pem, fingerprint)} or bundles
    one = next(bundle.named(pem, fingerprint) for pem in held.values())
    made = {name: bundle.retired(pem, fingerprint) for name, pem in held.items()}
    left = stragglers(one, seen, now, quiet)
    _check_reason(forced)
    if left and not forced:
        raise StragglersLeft(left, quiet)
    says = (f"{one.name} is believed no more, and whoever shows a certificate of it is refused", *_told(left))
    facts = {"ca": one.fingerprint, "bundles": " ".join(made), "stragglers": str(len(left)), "forced": forced}
    return Plan("retire", made, says, facts, left)


def again(name: str, lost: tuple[str, ...], reason: str) -> Plan:
    """A generation that takes back what came in force since it was made, for this reason, which is recorded. Raises BundleRefused."""
    _check_reason(reason)
    says = (f"generation {name} is put in force, and takes back:", *(f"  {each}" for each in lost))
    return Plan("activate", {}, says, {"forced": reason}, undoes=True)


def stragglers(authority: Member, seen: Iterable[Seen], now: datetime, quiet: timedelta) -> tuple[Seen, ...]:
    """Whose certificates hang on it and were shown within `quiet`."""
    key = authority.key_identifier
    return tuple(each for each in seen if key and key in each.authority_keys and now - each.last_seen <= quiet)


def _check_reason(reason: str) -> None:
    if LIKE_A_NUMBER.search(reason):
        raise bundle.BundleRefused("the reason is recorded; say it without a person's number")


def _told(left: tuple[Seen, ...]) -> tuple[str, ...]:
    return tuple(
        f"still on it: {each.uri or each.fingerprint[:16]}, last seen {each.last_seen:%Y-%m-%d %H:%M} UTC" for each in left
    )


def _fingerprints(of: Iterable[Member]) -> str:
    return " ".join(each.fingerprint for each in of)


def _holds(pem: bytes, new: bytes) -> bool:
    there = {each.fingerprint for each in bundle.members(pem)}
    more = bundle.members(new)
    return bool(more) and all(each.fingerprint in there for each in more)


def _has(pem: bytes, fingerprint: str) -> bool:
    try:
        bundle.named(pem, fingerprint)
    except bundle.BundleRefused:
        return False
    return True
