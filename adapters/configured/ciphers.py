"""Texts that a city encrypts: fields of a record, and tokens.

Laws: pure; whatever cannot be opened ends as one and the same refusal; a key that does not serve is told by its name, when the adapter
is made.
Standards: GB/T 32907 and 17964 (SM4 in CBC), GB/T 32918.4 (SM2), NIST SP 800-38A section 6.2 (AES in CBC).
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeVar

from cryptography.hazmat.primitives.ciphers import Cipher as Modes
from cryptography.hazmat.primitives.ciphers import algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from adapters.connectors.sealed import opened_sm4
from adapters.connectors.settings import SettingRefused
from adapters.connectors.signing import Spelling, unspell
from adapters.connectors.verdict import invalid
from adapters.guomi.fault import GuomiError
from adapters.guomi.sm2 import PrivateKey
from adapters.guomi.sm4 import KEY_BYTES
from gateway.model.interface import Cipher

Opener = Callable[[object, str], str]
"""From what stands there, and where, to the text within. Raises CITY_ANSWER_INVALID."""
_Made = TypeVar("_Made")
_Bytes = Callable[[str, str], bytes]
_BLOCK_BYTES: Final = 16
_AES_KEYS: Final = frozenset({16, 24, 32})


def opener(cipher: Cipher, credentials: Mapping[str, str], system: str) -> Opener:
    """What opens texts under this cipher. Raises ValueError for a key that does not serve."""
    open_ = made(system, cipher.key, credentials[cipher.key], lambda key: _MAKE[cipher.algorithm](key, Spelling(cipher.spelling)))

    def read(value: object, where: str) -> str:
        if not isinstance(value, str):
            raise invalid(where, "is no text")
        try:
            return open_(value, where).decode("utf-8")
        except UnicodeDecodeError:
            raise invalid(where, "cannot be decrypted") from None

    return read


def made(system: str, name: str, text: str, make: Callable[[bytes], _Made]) -> _Made:
    """What is made of a credential in hex. Raises SettingRefused."""
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    try:
        return make(key)
    except ValueError as error:
        # None of those that raise here quotes what it was given.
        raise SettingRefused(system, ("credentials", name), f"the credential {name} does not serve: {error}") from None


def sm4_key(key: bytes) -> bytes:
    """The key, looked at. Raises ValueError."""
    if len(key) != KEY_BYTES:
        raise ValueError("an SM4 key has 32 hex digits")
    return key


def _sm4(key: bytes, spelling: Spelling) -> _Bytes:
    sm4_key(key)
    return lambda text, where: opened_sm4(key, text, spelling, where)


def _aes(key: bytes, spelling: Spelling) -> _Bytes:
    if len(key) not in _AES_KEYS:
        raise ValueError("an AES key has 32, 48 or 64 hex digits")

    def open_(text: str, where: str) -> bytes:
        try:
            sealed = unspell(spelling, text)
            decryptor = Modes(algorithms.AES(key), modes.CBC(sealed[:_BLOCK_BYTES])).decryptor()
            unpadder = PKCS7(_BLOCK_BYTES * 8).unpadder()
            return unpadder.update(decryptor.update(sealed[_BLOCK_BYTES:]) + decryptor.finalize()) + unpadder.finalize()
        except ValueError:
            raise invalid(where, "cannot be decrypted") from None

    return open_


def _sm2(key: bytes, spelling: Spelling) -> _Bytes:
    private = PrivateKey(key)

    def open_(text: str, where: str) -> bytes:
        try:
            return private.decrypt(unspell(spelling, text))
        except (ValueError, GuomiError):
            raise invalid(where, "cannot be decrypted") from None

    return open_


_MAKE: Final[Mapping[str, Callable[[bytes, Spelling], _Bytes]]] = MappingProxyType(
    {"sm4-cbc": _sm4, "aes-cbc": _aes, "sm2": _sm2}
)
SLOW: Final = frozenset({"sm2"})
"""Those that take a millisecond: to be run in a thread."""
