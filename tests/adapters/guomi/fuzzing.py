"""Keys, signatures and ciphertexts with some bytes changed, in a process of its own, so that a crash of native code is seen as such.

Prints how many were tried and how many were taken. A taken one must mean what the unchanged one means.
"""

import random
import sys
from collections.abc import Callable, Iterator

from adapters.guomi.fault import GuomiError
from adapters.guomi.forms import CipherForm, SignatureForm
from adapters.guomi.sm2 import PrivateKey, PublicKey
from tests.adapters.guomi.vectors import PRIVATE, PUBLIC, SIGNED

KEY = PrivateKey(PRIVATE)
PLAIN = b"text" * 8


def changed(lot: random.Random, true: bytes) -> bytes:
    body = bytearray(true)
    for _ in range(lot.randrange(1, 4)):
        if body:
            body[lot.randrange(len(body))] = lot.choice((0, 1, 0x7F, 0x80, 0xFF, lot.randrange(256)))
    cut = lot.random()
    if cut < 0.2:
        return bytes(body[: lot.randrange(len(body))])
    if cut < 0.3:
        return bytes(body) + lot.randbytes(lot.randrange(1, 300))
    return lot.randbytes(lot.randrange(300)) if cut < 0.4 else bytes(body)


def attempts(lot: random.Random) -> Iterator[tuple[Callable[[bytes], object], bytes]]:
    """What takes bytes, and bytes that it would take."""
    for signature in SignatureForm:
        yield lambda body, form=signature: KEY.public.verify(SIGNED, body, form), KEY.sign(SIGNED, signature)  # type: ignore[misc]
    for cipher in CipherForm:
        yield lambda body, form=cipher: _opened(body, form), KEY.public.encrypt(PLAIN, cipher)  # type: ignore[misc]
    yield lambda body: PublicKey(body).encrypt(PLAIN), PUBLIC
    yield lambda body: PrivateKey(body).sign(SIGNED), lot.randbytes(32)


def _opened(body: bytes, form: CipherForm) -> None:
    if KEY.decrypt(body, form) != PLAIN:
        raise AssertionError("a changed ciphertext opened as another text")


def main(rounds: int) -> None:
    lot, tried, taken = random.Random(1), 0, 0  # noqa: S311 - the same bytes in each run
    for _ in range(rounds):
        for take, true in attempts(lot):
            take(true)
            tried += 1
            try:
                take(changed(lot, true))
                taken += 1
            except GuomiError:
                continue
    sys.stdout.write(f"{tried} {taken}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
