"""Keys that lie in a PKCS#11 token (a hardware security module, 密码机) and never leave it: it is asked to sign, or to derive.

Laws: a PIN is given to the token and to nobody else, and one that the token has refused is not tried again, for a few such tries lock it;
a token that fails is begun with anew at the next use, so that one which comes back is simply used again; a key that is not the one that was
there before signs nothing; one call at a time goes to a module. Nothing here is called on an event loop: a token may take its time.
Source: OASIS PKCS #11 v3.0 (CKM_EDDSA, CKM_SHA256_HMAC, CKM_ECDSA); RFC 8446 4.2.3 (ecdsa_secp256r1_sha256); docs/adr/0019, 0040.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

if TYPE_CHECKING:
    from pkcs11 import ObjectClass

T = TypeVar("T")

_KEY_SIZE: Final = 32
_BITS: Final = 64
_TRIAL: Final = b"kuacheng: does this key sign?\n"
_INSTALL: Final = "pip install 'kuacheng[pkcs11]'"
_PIN_FAULTS: Final = frozenset({"PinIncorrect", "PinInvalid", "PinLenRange", "PinLocked", "PinExpired"})

_FAULTS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "NoSuchToken": (
            "there is no token {token!r}",
            "see what there is with `pkcs11-tool --module {module} --list-token-slots`; plug it in, or correct the name",
        ),
        "MultipleTokensReturned": ("several tokens are named {token!r}", "give each a name of its own"),
        "NoSuchKey": (
            "the token {token!r} has no fitting key {label!r}",
            "see what there is with `pkcs11-tool --module {module} --token-label {token} --login --list-objects`; "
            "an Ed25519 key needs both its halves there, a holder key is a generic secret that may sign, a key of TLS is a P-256 key",
        ),
        "MultipleObjectsReturned": ("the token {token!r} has several keys {label!r}", "give each a name of its own"),
        "MechanismInvalid": (
            "the token {token!r} cannot do EdDSA, ECDSA or HMAC-SHA-256 with the key {label!r}, whichever was asked",
            "look into its list of mechanisms, and keep the key in a file if it has no such",
        ),
        "_KeyChanged": (
            "the key {label!r} in the token {token!r} is not the one that was there when the gateway began",
            "put that one back, or start the gateway anew with this one as next_key",
        ),
        "PinLocked": ("the token {token!r} has locked its PIN", "its security officer unlocks it; then start the gateway anew"),
        "PinExpired": ("the PIN of the token {token!r} has expired", "set another, and name it here"),
    }
)
"""By the name of what python-pkcs11 raises, or we: what is wrong, and what to do."""
_WRONG_PIN: Final = (
    "the token {token!r} refuses the PIN",
    "correct it; it is not tried again as it is, so that it is not locked",
)
_OTHERWISE: Final = (
    "the token {token!r} failed: {fault}",
    "look whether it is plugged in and initialised; it is tried again at the next use",
)


class TokenRefused(Exception):  # noqa: N818 - named for what happened
    """A token that cannot do what is asked of it: what is wrong, and what to do; never a PIN or a part of a key."""

    def __init__(self, message: str, hint: str) -> None:
        """Keep both parts."""
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """Both parts."""
        return f"{self.message}; {self.hint}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a key lies: the module (a shared library), the token's label in it, the key's label there, and the user's PIN."""

    module: Path
    token: str
    label: str
    pin: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An Ed25519 key that signs where it lies; read anew it is the same key. `public` is 32 bytes; `sign` raises TokenRefused."""

    public: bytes
    sign: Callable[[bytes], bytes] = field(repr=False, compare=False)


def signing_key(place: Place) -> SigningKey:
    """The Ed25519 key at this place, which has shown that it signs. Raises TokenRefused."""
    public = _module(place.module).run(place, lambda session: session.public(place.label))
    key = SigningKey(public, partial(_signed, place, public))
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(key.sign(_TRIAL), _TRIAL)
    except InvalidSignature:
        message = f"the two halves of the key {place.label!r} in the token {place.token!r} are not of one Ed25519 key"
        raise TokenRefused(message, "keep a key pair there that was made together") from None
    return key


def tls_signer(place: Place, certificate: ec.EllipticCurvePublicKey) -> Callable[[bytes], bytes]:
    """What signs a TLS handshake by the P-256 key at this place (ECDSA with SHA-256, in DER), which has shown that it is this
    certificate's. Raises TokenRefused, and so does the signer.
    """
    sign = partial(_signed_for_tls, place)
    try:
        certificate.verify(sign(_TRIAL), _TRIAL, ec.ECDSA(SHA256()))
    except InvalidSignature:
        message = f"the key {place.label!r} in the token {place.token!r} is not the one of the certificate"
        raise TokenRefused(
            message, "name the key with which the certificate was asked for, or ask for another certificate"
        ) from None
    return sign


def _signed_for_tls(place: Place, message: bytes) -> bytes:
    digest = hashlib.sha256(message).digest()
    plain = _module(place.module).run(place, lambda session: session.sign_digest(place.label, digest))
    r, s = plain[: len(plain) // 2], plain[len(plain) // 2 :]
    return encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))


def derived(place: Place, context: bytes) -> bytes:
    """32 bytes that follow from the secret key at this place and from `context`, HMAC-SHA-256. Raises TokenRefused."""
    return _module(place.module).run(place, lambda session: session.derive(place.label, context))


def _signed(place: Place, public: bytes, message: bytes) -> bytes:
    return _module(place.module).run(place, lambda session: session.sign(place.label, public, message))


class _KeyChanged(Exception):  # noqa: N818 - named for what was found
    """Under the key's label lies another key."""


class _Session:
    """A login at one token. It keeps what it has found there, for a search costs a token as much as a signature."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._objects: dict[tuple[str, int], Any] = {}
        self._points: dict[str, bytes] = {}

    def public(self, label: str) -> bytes:
        """The point of the Ed25519 key: bare, or in the DER of an octet or bit string, as tokens differ."""
        import pkcs11

        if label not in self._points:
            point = bytes(self._found(label, pkcs11.ObjectClass.PUBLIC_KEY)[pkcs11.Attribute.EC_POINT])
            self._points[label] = point[-_KEY_SIZE:]
        return self._points[label]

    def sign(self, label: str, public: bytes, message: bytes) -> bytes:
        """The signature by the key that has this public half."""
        import pkcs11

        if self.public(label) != public:
            raise _KeyChanged
        return bytes(self._found(label, pkcs11.ObjectClass.PRIVATE_KEY).sign(message, mechanism=pkcs11.Mechanism.EDDSA))

    def sign_digest(self, label: str, digest: bytes) -> bytes:
        """The ECDSA signature of a digest: r and s, of one length."""
        import pkcs11

        return bytes(self._found(label, pkcs11.ObjectClass.PRIVATE_KEY).sign(digest, mechanism=pkcs11.Mechanism.ECDSA))

    def derive(self, label: str, context: bytes) -> bytes:
        """The HMAC of the context."""
        import pkcs11

        return bytes(self._found(label, pkcs11.ObjectClass.SECRET_KEY).sign(context, mechanism=pkcs11.Mechanism.SHA256_HMAC))

    def close(self) -> None:
        """Logs out."""
        self._session.close()

    def _found(self, label: str, kind: ObjectClass) -> Any:
        import pkcs11

        at = (label, int(kind))
        if at not in self._objects:
            # A search that is not read to its end stays open in the token, and one at a login that is gone complains on standard error,
            # for ever after; so the login is tried first.
            self._session.generate_random(_BITS)
            found = list(self._session.get_objects({pkcs11.Attribute.CLASS: kind, pkcs11.Attribute.LABEL: label}))
            if len(found) != 1:
                raise pkcs11.MultipleObjectsReturned if found else pkcs11.NoSuchKey
            self._objects[at] = found[0]
        return self._objects[at]


class _Module:
    """One shared library, which knows one login a token and process: so there is one of this for each, and one caller at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._sessions: dict[str, _Session] = {}
        self._refused: dict[str, str] = {}

    def run(self, place: Place, act: Callable[[_Session], T]) -> T:
        """What the act gives, with a session that may have been opened anew for it. Raises TokenRefused."""
        with self._lock:
            for attempt in (1, 2):
                try:
                    return act(self._session(place))
                except TokenRefused:
                    raise
                except Exception as error:  # noqa: BLE001 - a module is foreign code, and fails in any way
                    fault = type(error).__name__
                    self._begin_anew()
                    if fault in _PIN_FAULTS:
                        self._refused[place.token] = place.pin
                    if attempt == 2 or fault in _PIN_FAULTS:  # noqa: PLR2004 - the second and last
                        raise _refusal(place, fault) from None
        raise RuntimeError("a token neither answered nor failed")

    def _session(self, place: Place) -> _Session:
        if self._refused.get(place.token) == place.pin:
            raise _refusal(place, "PinIncorrect")
        if place.token not in self._sessions:
            token = _library(self._path).get_token(token_label=place.token)
            self._sessions[place.token] = _Session(token.open(user_pin=place.pin))
        return self._sessions[place.token]

    def _begin_anew(self) -> None:
        """Forgets all logins: a token that was away is found only by a module that looks at its slots again."""
        for each in self._sessions.values():
            with suppress(Exception):
                each.close()
        self._sessions.clear()
        with suppress(Exception):
            _library(self._path).reinitialize()


@cache
def _module(path: Path) -> _Module:
    return _Module(path)


def _library(path: Path) -> Any:
    try:
        import pkcs11
    except ImportError:
        raise TokenRefused("keys in a PKCS#11 token need a library that is not installed", _INSTALL) from None
    try:
        return pkcs11.lib(str(path))
    except Exception:  # noqa: BLE001 - the loader's own words name no more than the path
        raise TokenRefused(
            f"{path} is no PKCS#11 module that can be loaded", "name the shared library of your token's maker"
        ) from None


def _refusal(place: Place, fault: str) -> TokenRefused:
    message, hint = _FAULTS.get(fault, _WRONG_PIN if fault in _PIN_FAULTS else _OTHERWISE)
    said = {"token": place.token, "label": place.label, "module": place.module, "fault": fault}
    return TokenRefused(message.format(**said), hint.format(**said))
