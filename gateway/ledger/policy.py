"""Whose cosignatures a checkpoint needs: a policy file, and whether it is met.

Laws: pure; a name is defined before it is used, and counts in one place only, so that no witness is counted twice; a policy that needs
nobody says so in so many words (`quorum none`).
Source: C2SP tlog-policy.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from gateway.ledger.note import Algorithm, NoteRefused, Verifier

NONE: Final = "none"

_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost"})
_SCHEMES: Final = frozenset({"https", "http"})


class PolicyRefused(ValueError):  # noqa: N818  named for what happened
    """A text that is no policy; the message names the line and says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness by its name in the policy; `url` is its submission prefix, empty where the policy gives none."""

    name: str
    verifier: Verifier
    url: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """So many of these witnesses and groups must have cosigned."""

    needed: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """Known logs and witnesses, and the quorum: a witness or group by its name, or NONE."""

    logs: tuple[Verifier, ...]
    witnesses: Mapping[str, Witness]
    groups: Mapping[str, Group]
    quorum: str

    @classmethod
    def parse(cls, text: str) -> "Policy":
        """Raises PolicyRefused."""
        reading = _Reading()
        for number, line in enumerate(text.split("\n"), 1):
            words = line.split()
            if words and not words[0].startswith("#"):
                try:
                    reading.take(words)
                except (NoteRefused, PolicyRefused) as error:
                    raise PolicyRefused(f"line {number}: {error}") from error
        if not reading.quorum:
            raise PolicyRefused("the policy has no quorum line; `quorum none` needs nobody")
        witnesses, groups = MappingProxyType(reading.witnesses), MappingProxyType(reading.groups)
        return cls(tuple(reading.logs), witnesses, groups, reading.quorum)

    def is_met(self, moments: Mapping[Verifier, int]) -> bool:
        """Whether those who cosigned, at these moments, are enough."""
        return self.quorum == NONE or self.moment(moments) is not None

    def moment(self, moments: Mapping[Verifier, int]) -> int | None:
        """The newest moment at which the cosignatures of then and later are enough; None if all together are not."""
        return self._moment(self.quorum, moments)

    def _moment(self, name: str, moments: Mapping[Verifier, int]) -> int | None:
        if name in self.witnesses:
            return moments.get(self.witnesses[name].verifier)
        if name not in self.groups:
            return None
        group = self.groups[name]
        found = (self._moment(member, moments) for member in group.members)
        newest = sorted((each for each in found if each is not None), reverse=True)
        return newest[group.needed - 1] if len(newest) >= group.needed else None


def collecting_faults(policy: Policy, log: Collection[Verifier], *, authorities: bool) -> Iterator[str]:
    """Why the gateway of the log that these keys sign cannot collect for this policy; `authorities`: whether CAs for https are named."""
    if policy.quorum == NONE:
        yield "the quorum is none, so nobody would watch the log; name one, or take the witnesses out of gateway.yaml"
    if not set(log) & set(policy.logs):
        yield "no log line has a key of this gateway's log; `kuacheng ledger key` prints it"
    for each in policy.witnesses.values():
        scheme, host = _reached(each.url)
        if not each.url:
            yield f"the witness {each.name} has no address to ask for its cosignature"
        elif not host or scheme not in _SCHEMES or (scheme == "http" and host not in _LOOPBACK):
            yield f"the witness {each.name} is asked over https only, or over http at 127.0.0.1 or localhost"
        elif scheme == "https" and not authorities:
            yield f"the witness {each.name} is asked over https; name the CAs of its certificate under authorities"


def _reached(url: str) -> tuple[str, str]:
    """Scheme and host, both empty where the address is none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "", ""
    return ("", "") if port == 0 else (parts.scheme, parts.hostname or "")


@dataclass(slots=True)
class _Reading:
    """What the lines so far have defined."""

    logs: list[Verifier] = field(default_factory=list)
    witnesses: dict[str, Witness] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    quorum: str = ""
    grouped: set[str] = field(default_factory=set)

    def take(self, words: list[str]) -> None:
        if words[0] not in _LINES:
            raise PolicyRefused(f"a line begins with {', '.join(_LINES)} or #")
        least, most, act = _LINES[words[0]]
        if not least <= len(words) <= most:
            raise PolicyRefused(f"a {words[0]} line has another number of words")
        act(self, *words[1:])

    def log(self, vkey: str, _url: str = "") -> None:
        verifier = _verifier(vkey, Algorithm.ED25519, "log")
        if verifier.key in {each.key for each in self.logs}:
            raise PolicyRefused("this log's key stands here already")
        self.logs.append(verifier)

    def witness(self, name: str, vkey: str, url: str = "") -> None:
        self._fresh(name)
        verifier = _verifier(vkey, Algorithm.COSIGNATURE_V1, "witness")
        if verifier.key in {each.verifier.key for each in self.witnesses.values()}:
            raise PolicyRefused("this witness's key stands here already, and would count twice")
        self.witnesses[name] = Witness(name, verifier, url.rstrip("/"))

    def group(self, name: str, needed: str, *members: str) -> None:
        self._fresh(name)
        for member in members:
            self._defined(member)
            if member in self.grouped:
                raise PolicyRefused(f"{member} is a member already, and would count twice")
            self.grouped.add(member)
        count = {"all": len(members), "any": 1}.get(needed) or (int(needed) if needed.isascii() and needed.isdigit() else 0)
        if not 1 <= count <= len(members):
            raise PolicyRefused(f"a group needs all, any, or 1 to {len(members)} of its members")
        self.groups[name] = Group(count, members)

    def end(self, name: str) -> None:
        if self.quorum:
            raise PolicyRefused("a second quorum line")
        if name != NONE:
            self._defined(name)
        self.quorum = name

    def _fresh(self, name: str) -> None:
        if name == NONE or name in self.witnesses or name in self.groups:
            raise PolicyRefused(f"the name {name} is taken")

    def _defined(self, name: str) -> None:
        if name not in self.witnesses and name not in self.groups:
            raise PolicyRefused(f"{name} is no witness or group of a line above")


_MANY: Final = 1 << 10
_LINES: Final[Mapping[str, tuple[int, int, Callable[..., None]]]] = MappingProxyType(
    {
        "log": (2, 3, _Reading.log),
        "witness": (3, 4, _Reading.witness),
        "group": (4, _MANY, _Reading.group),
        "quorum": (2, 2, _Reading.end),
    }
)


def _verifier(vkey: str, algorithm: Algorithm, what: str) -> Verifier:
    verifier = Verifier.parse(vkey)
    if verifier.algorithm is not algorithm:
        raise PolicyRefused(f"this is no key of a {what}")
    return verifier
