"""The one home of time and chance. Everything else is handed what it needs of them."""

import secrets
import time
import uuid
from datetime import UTC, datetime


class SystemClock:
    """The machine's clock: gateway.ports.Clock."""

    def now(self) -> datetime:
        """The moment, aware, UTC."""
        return datetime.now(UTC)  # noqa: TID251  its home

    def monotonic(self) -> float:
        """Seconds since some fixed moment; never goes back."""
        return time.monotonic()


def new_id() -> str:
    """An exchange id: a random UUID."""
    return str(uuid.uuid4())


def entropy(count: int) -> bytes:
    """`count` bytes that nobody can guess."""
    return secrets.token_bytes(count)


def fraction() -> float:
    """A number in [0, 1) that nobody can guess, for jitter."""
    return secrets.randbelow(2**32) / 2**32
