"""How often a system is asked again on our own account: a share of what it answered, so that a system in trouble is not asked twice.

Laws: full at the start; an answer earns `share` of one more try; never more than `most` are saved.
Source: retryThrottling of gRFC A6, which counts the same way.
"""


class Budget:
    """One system's."""

    def __init__(self, most: float = 10.0, share: float = 0.1) -> None:
        self._most = most
        self._share = share
        self._left = most

    def earn(self) -> None:
        """A call was answered."""
        self._left = min(self._most, self._left + self._share)

    def spend(self) -> bool:
        """Whether one more try may be made; if so it is paid for."""
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True
