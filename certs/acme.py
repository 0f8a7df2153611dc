"""An outside CA that is asked for a server's certificate by ACME, which certifies DNS names and nothing else.

Laws: the account's key is its owner's only and is never sent; what proves a name is there while the CA looks, and is taken away after it;
the CA is known by its own certificate's authorities, without proxies of the environment; what it gives is judged like a stranger's.
Standard: RFC 8555. The protocol is spoken by the library `acme` (of certbot), an extra: kuacheng[acme].
"""

import ssl
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from certs import extensions
from certs.extensions import Profile, Usage
from certs.issuing import IssueRefused, Kind
from certs.renewing import Wanted

if TYPE_CHECKING:
    from acme.client import ClientNetwork, ClientV2
    from acme.messages import AuthorizationResource, ChallengeBody, OrderResource
    from josepy.jwk import JWKEC

PATIENCE: Final = timedelta(minutes=5)
"""That a CA has from the order to the certificate."""

_TOLD: Final = 300


@dataclass(frozen=True, slots=True)
class Proof:
    """That we hold a name: `text` under `place`, a path for http-01 and the name of a TXT record for dns-01."""

    domain: str
    place: str
    text: str


class Prover(Protocol):
    """How names are proven."""

    @property
    def challenge(self) -> str:
        """The challenge's type by RFC 8555 section 8: http-01 or dns-01."""
        ...

    def proving(self, proofs: Sequence[Proof]) -> AbstractContextManager[None]:
        """They are there while the context lasts. Raises IssueRefused, OSError."""
        ...


@dataclass(frozen=True, slots=True)
class Account:
    """With whom the CA deals. `key` is PEM; `authorities` a file, the system's where it is empty; `external` the CA's id and key for it."""

    directory: str
    key: bytes = field(repr=False)
    contact: tuple[str, ...] = ()
    authorities: str = ""
    external: tuple[str, str] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Acme:
    """The CA, for the certificate that callers are shown."""

    account: Account
    names: tuple[str, ...]
    prover: Prover

    @property
    def name(self) -> str:
        """By the host of its directory."""
        return urlsplit(self.account.directory).hostname or ""

    def serves(self, before: x509.Certificate) -> bool:
        """Servers' certificates: one that names a system as a client too is not a thing that ACME knows."""
        said = extensions.read(before, x509.ExtendedKeyUsage) or ()
        names = extensions.read(before, x509.SubjectAlternativeName) or x509.SubjectAlternativeName([])
        named = names.get_values_for_type(x509.UniformResourceIdentifier)
        return Usage.SERVER.value in said and not (named and Usage.CLIENT.value in said)

    def wanted(self, before: x509.Certificate) -> Wanted:
        """The names of gateway.yaml, whatever the predecessor had; how long it lives the CA decides."""
        profile = Profile(uri="", usages=frozenset({Usage.SERVER}), dns_names=self.names)
        return Wanted(Kind.GATEWAY_SERVER, profile, before.not_valid_after_utc - before.not_valid_before_utc)

    def issue(self, wanted: Wanted, request: bytes, now: datetime) -> bytes:  # noqa: ARG002  the request says it all
        """The certificate with its chain, PEM. Raises IssueRefused, OSError."""
        try:
            from acme import client, errors, messages
            from josepy.errors import Error as JoseError
            from josepy.jwk import JWKEC
            from josepy.util import ComparableECKey
        except ImportError as error:
            raise IssueRefused("ACME needs the library acme: pip install 'kuacheng[acme]'") from error
        deadline = now.astimezone().replace(tzinfo=None) + PATIENCE  # as the library has its own
        key = JWKEC(key=ComparableECKey(_private(self.account.key)))
        network = _network(client.ClientNetwork, key, self.account)
        try:
            with closing(network.session):
                ca = client.ClientV2(client.ClientV2.get_directory(self.account.directory, network), network)
                _log_in(ca, key, self.account)
                order = ca.new_order(request)
                proofs = _proofs(order, self.prover.challenge, key)
                with self.prover.proving([proof for proof, _ in proofs]):
                    for _, challenge in proofs:
                        ca.answer_challenge(challenge, challenge.response(key))
                    order = ca.poll_and_finalize(order, deadline)
        except errors.ValidationError as error:
            raise IssueRefused(f"{self.name} could not verify {_unproven(error.failed_authzrs)}") from error
        except errors.TimeoutError as error:
            raise IssueRefused(f"{self.name} did not issue within {PATIENCE}; it is asked again") from error
        except (errors.Error, messages.Error, JoseError) as error:
            raise IssueRefused(f"{self.name} refuses: {_said(error)}") from error
        return str(order.fullchain_pem).encode()


def account_key() -> bytes:
    """A new account's key, PEM, for `certs.custody.write_key` only."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _private(pem: bytes) -> ec.EllipticCurvePrivateKey:
    try:
        key = load_pem_private_key(pem, None)
    except (ValueError, TypeError) as error:
        raise IssueRefused("the account's key cannot be read; put it back, or take it away to have a new account made") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise IssueRefused("the account's key must be an elliptic curve key on P-256")
    return key


def _network(make: "type[ClientNetwork]", key: "JWKEC", account: Account) -> "ClientNetwork":
    from josepy.jwa import ES256

    paths = ssl.get_default_verify_paths()
    trusted: Any = account.authorities or paths.cafile or paths.capath
    if not trusted:
        raise IssueRefused("this machine has no authorities of its own; name the CA's under `authorities`")
    network = make(key, alg=ES256, verify_ssl=trusted, user_agent=f"kuacheng/{version('kuacheng')}")
    network.session.trust_env = False
    return network


def _log_in(ca: "ClientV2", key: "JWKEC", account: Account) -> None:
    """With the account of this key, which is made where there is none."""
    from acme import errors, messages

    binding = None
    if account.external:
        of, secret = account.external
        binding = messages.ExternalAccountBinding.from_data(key.public_key(), of, secret, ca.directory, "HS256")
    elif ca.external_account_required():
        raise IssueRefused("the CA wants to know whose account it is: name `external_account` {id, key}, as it gave them")
    wanted = messages.NewRegistration.from_data(terms_of_service_agreed=True, external_account_binding=binding)
    try:
        ca.new_account(wanted.update(contact=tuple(f"mailto:{each}" for each in account.contact)))
    except errors.ConflictError as known:
        ca.net.account = messages.RegistrationResource(body=messages.Registration(), uri=known.location)


def _proofs(order: "OrderResource", kind: str, key: "JWKEC") -> "list[tuple[Proof, ChallengeBody]]":
    """What is to be proven yet, each with the challenge that it answers."""
    from acme.messages import STATUS_VALID

    waiting = [each.body for each in order.authorizations if each.body.status != STATUS_VALID]
    return [_proof(each, kind, key) for each in waiting]


def _proof(authorization: Any, kind: str, key: "JWKEC") -> "tuple[Proof, ChallengeBody]":
    domain = authorization.identifier.value
    found = next((each for each in authorization.challenges if each.chall.typ == kind), None)
    if found is None:
        offered = ", ".join(sorted(each.chall.typ for each in authorization.challenges))
        raise IssueRefused(f"the CA does not offer {kind} for {domain}; it offers {offered}")
    place = found.chall.path if kind == "http-01" else found.validation_domain_name(domain)
    return Proof(domain, place, found.validation(key)), found


def _unproven(failed: "Sequence[AuthorizationResource]") -> str:
    told: Mapping[str, str] = {
        each.body.identifier.value: next((str(one.error.detail) for one in each.body.challenges if one.error), "")
        for each in failed
    }
    return "; ".join(f"{domain}: {why[:_TOLD]}" for domain, why in told.items())


def _said(error: Exception) -> str:
    return str(getattr(error, "detail", None) or error)[:_TOLD] or type(error).__name__
