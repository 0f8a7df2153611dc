"""What must not come twice: nonces, request ids, spent codes.

Laws: a key is remembered for `life` seconds and then forgotten, so that a long run does not grow without end.
"""


class Seen:
    """Keys with the moment they came, oldest first. Moments must not go back."""

    def __init__(self, life: float) -> None:
        self._life = life
        self._keys: dict[str, float] = {}

    def again(self, key: str, now: float) -> bool:
        """Whether `key` came before within the life; from now on it did."""
        self._forget(now)
        if key in self._keys:
            return True
        self._keys[key] = now
        return False

    def __contains__(self, key: object) -> bool:
        """Whether `key` came before and is not forgotten yet."""
        return key in self._keys

    def _forget(self, now: float) -> None:
        while self._keys:
            oldest = next(iter(self._keys))
            if now - self._keys[oldest] < self._life:
                return
            del self._keys[oldest]
