"""The log's own key: an Ed25519 key under the log's name, by which its checkpoints are signed, from a PEM file or in a token.

Laws: no error shows a part of a key; whoever signs gives a function that signs and nothing more, so a key may lie elsewhere than in a file.
Source: C2SP signed-note v1.0.0 (Ed25519 keys); RFC 8410 (their form in PKCS #8).
"""

from collections.abc import Callable, Sequence
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from gateway.ledger.note import Algorithm, Signer, Verifier
from gateway.token import SigningKey

_SEED: Final = 32


class KeyUnusable(ValueError):  # noqa: N818 - named for what was found
    """A key that cannot sign this log; the message says why."""


def signer(log: str, key: bytes | SigningKey) -> Signer:
    """Who signs the checkpoints of `log` with this key: PEM, PKCS #8, not encrypted; or one that lies elsewhere. Raises KeyUnusable."""
    if isinstance(key, SigningKey):
        return Signer(Verifier(log, Algorithm.ED25519, key.public), key.sign)
    private = _private(key)
    return Signer(Verifier(log, Algorithm.ED25519, private.public_key().public_bytes_raw()), private.sign)


def signers(log: str, keys: Sequence[bytes | SigningKey]) -> tuple[Signer, ...]:
    """The same for several keys. Raises KeyUnusable."""
    return tuple(signer(log, key) for key in keys)


def _private(pem: bytes) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyUnusable("the log's key is no private key that can be read: write it as PEM (PKCS #8), not encrypted") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyUnusable("the log's key is no Ed25519 key: make one with `openssl genpkey -algorithm ed25519`")
    return key


def new_key(entropy: Callable[[int], bytes]) -> bytes:
    """A new key as PEM, PKCS #8; `entropy(n)` gives n bytes that nobody can guess."""
    key = Ed25519PrivateKey.from_private_bytes(entropy(_SEED))
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
