"""What operators do that the log keeps: starts, stops, and whatever changes what the gateway judges by.

Laws: an act names who did it by account, never a person; its facts name things (editions, serials, ids of keys), never persons and never
secrets. Names of acts are append-only: they stand in entries.
Source: GB/T 22239 8.1.4.3 (audit of every user: when, who, what, how it ended).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Act(StrEnum):
    """What was done."""

    GATEWAY_STARTED = "GATEWAY_STARTED"
    GATEWAY_STOPPED = "GATEWAY_STOPPED"
    CONFIGURATION_IN_FORCE = "CONFIGURATION_IN_FORCE"
    CA_STAGED = "CA_STAGED"
    CERTIFICATES_ACTIVATED = "CERTIFICATES_ACTIVATED"
    CA_TAINTED = "CA_TAINTED"
    CA_RETIRED = "CA_RETIRED"
    CERTIFICATES_ROLLED_BACK = "CERTIFICATES_ROLLED_BACK"
    CERTIFICATE_ISSUED = "CERTIFICATE_ISSUED"
    CERTIFICATE_REVOKED = "CERTIFICATE_REVOKED"
    CERTIFICATE_UNREVOKED = "CERTIFICATE_UNREVOKED"
    PURGE = "PURGE"
    LOG_FINISHED = "LOG_FINISHED"
    LOG_BEGUN = "LOG_BEGUN"
    LOG_SEARCHED = "LOG_SEARCHED"
    CERTIFICATE_RENEWED = "CERTIFICATE_RENEWED"
    REAUTHENTICATION_ASKED = "REAUTHENTICATION_ASKED"


LASTING: Final = frozenset({Act.PURGE, Act.LOG_FINISHED, Act.LOG_BEGUN})
"""On these the log itself rests: they say why entries are gone, or how one log follows another. They are never purged."""
ACT: Final = "act"
"""The fact that names an act."""


class HostRole(StrEnum):
    """As what the program ran that did it."""

    GATEWAY = "GATEWAY"
    COMMAND = "COMMAND"
    CONSOLE = "CONSOLE"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it: the account by which the operating system knows the program, and the operator's id where one was given."""

    os_user: str
    operator: str
    role: HostRole
