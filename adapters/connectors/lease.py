"""What a city lends: a secret and its life."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Lease:
    """The secret, and for how many seconds it serves from the moment that it was asked for."""

    secret: str = field(repr=False)
    seconds: float
