"""docs/bad-certificates.md: each certificate of tests/certs/faulty.py, and what TLS, `cryptography`, preflight and the gateway say of it.

Everything is asked anew for each page, in real handshakes on loopback. Run as a program it writes the page, or with --check says whether
it has drifted: exit status 1.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from certs import handshake
from certs.authority import Authority, Leaf
from certs.extensions import Usage
from certs.preflight import Identity, examine
from gateway.development.pages.markdown import code, head, plain, table
from gateway.model.identity import Anchor, Peer, Trust
from gateway.model.refusal import Refusal
from gateway.stages.identify import identify
from tests.certs.faulty import FAULTS, OTHER_TRUST_DOMAIN, OWN_TRUST_DOMAIN, Authorities, sound

ROOT = Path(__file__).parents[2]
PAGE = "docs/bad-certificates.md"
_INTRODUCTION = """
Each is a department's sound client certificate but for its one fault, made by `tests/certs/faulty.py`. A gateway trusts two regions'
CAs; the certificate ought to speak for the first.

- **TLS**: whether grpcio's server lets a client with it in. One that is refused sees its connection closed and no reason; the gateway never
  sees it, and only a line of gRPC on the gateway's standard error tells of it.
- **cryptography**: what path validation by `cryptography.x509.verification` says against the region's CA, by itself.
- **preflight**: what `kuacheng certs check` and `certs import` find before anybody presents it.
- **gateway**: how a call with it ends (`stages/identify`), asked directly, so that what TLS refuses is judged a second time.

What passes one of them is why there are the others: TLS does not know which CA may speak for which region, path validation does not look
at a leaf's own key or at its URI, and the gateway never sees what TLS kept out.
"""
_COLUMNS = ("certificate", "its one fault", "TLS", "cryptography", "preflight", "gateway")


@dataclass(frozen=True)
class Stage:
    """Two regions' CAs at one moment."""

    now: datetime
    authorities: Authorities

    @property
    def callers(self) -> bytes:
        return self.authorities.own.certificate_pem + self.authorities.other.certificate_pem


def page() -> str:
    now = datetime.now(UTC)  # noqa: TID251 - real handshakes go by the machine's clock
    made, life = now - timedelta(days=30), timedelta(days=365)
    two = Authorities(Authority.create("guangzhou CA", made, life), Authority.create("foshan CA", made, life))
    stage = Stage(now, two)
    return (
        head("Bad certificates", "tests/certs/faulty.py and tests/certs/bad_certificates.py") + _INTRODUCTION + "\n" + rows(stage)
    )


def rows(stage: Stage) -> str:
    made = {"sound": (sound(stage.authorities, stage.now), "None.")}
    made |= {name: (fault.make(stage.authorities, stage.now), str(fault.make.__doc__)) for name, fault in FAULTS.items()}
    return table(_COLUMNS, ((code(name), plain(said), *verdicts(stage, leaf)) for name, (leaf, said) in made.items()))


def verdicts(stage: Stage, leaf: Leaf) -> Iterator[str]:
    yield plain(by_tls(stage, leaf))
    yield plain(by_cryptography(stage, leaf))
    yield by_preflight(stage, leaf)
    yield by_gateway(stage, leaf)


def by_tls(stage: Stage, leaf: Leaf) -> str:
    return "refuses" if handshake.as_client(leaf, stage.callers, stage.now) else "lets it in"


def by_cryptography(stage: Stage, leaf: Leaf) -> str:
    verifier = PolicyBuilder().store(Store([stage.authorities.own.certificate])).time(stage.now).build_client_verifier()
    try:
        verifier.verify(x509.load_pem_x509_certificate(leaf.certificate), [])
    except VerificationError as error:
        return str(error).removeprefix("validation failed: ").partition(" (encountered")[0]
    return "accepts"


def by_preflight(stage: Stage, leaf: Leaf) -> str:
    identity = Identity(
        name="",
        role=Usage.CLIENT,
        certificate=leaf.certificate,
        key=leaf.key,
        authorities=stage.authorities.own.certificate_pem,
    )
    return ", ".join(code(finding.code.value) for finding in examine(identity, stage.now)) or "nothing"


def by_gateway(stage: Stage, leaf: Leaf) -> str:
    own = Anchor("440100", OWN_TRUST_DOMAIN, stage.authorities.own.certificate_pem)
    other = Anchor("440600", OTHER_TRUST_DOMAIN, stage.authorities.other.certificate_pem)
    trust = Trust(f"page of {stage.now.isoformat()}", {each.trust_domain: each for each in (own, other)})
    try:
        identify(Peer(leaf.certificate), trust, stage.now)
    except Refusal as refusal:
        return f"{code(refusal.reason.name)}: {plain(str(refusal.detail))}"
    return "would know it by name"


def main(arguments: list[str]) -> int:
    path, made = ROOT / PAGE, page()
    if "--check" not in arguments:
        path.write_text(made, encoding="utf-8")
        return 0
    drifted = not path.is_file() or path.read_text(encoding="utf-8") != made
    if drifted:
        sys.stderr.write(f"{PAGE} has drifted; run: make docs\n")
    return int(drifted)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
