"""A CA's responder (OCSP) that behaves, as a process: what it says of a certificate stands in a file, read again at each question.

    python -m tests.certs.responder CA.pem CA.key said.json

prints its port. The file has a status by serial number (hex, "*" for any other) and how it answers: `delegate`, a path of a certificate
and its key beside it, that signs instead; `life`, seconds; `silent`, true where it hangs up without a word.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509 import ocsp

STATUSES = {
    "good": ocsp.OCSPCertStatus.GOOD,
    "revoked": ocsp.OCSPCertStatus.REVOKED,
    "unknown": ocsp.OCSPCertStatus.UNKNOWN,
}


@dataclass(frozen=True)
class Signer:
    """Who signs; `shown` where the answer has to bear its certificate."""

    certificate: x509.Certificate
    key: Any
    shown: bool = False

    @classmethod
    def read(cls, certificate: Path, *, shown: bool = False) -> "Signer":
        key = load_pem_private_key(certificate.with_suffix(".key").read_bytes(), None)
        return cls(x509.load_pem_x509_certificate(certificate.read_bytes()), key, shown)


def response(
    asked: ocsp.OCSPRequest,
    status: str,
    signer: Signer,
    at: datetime,
    *,
    life: timedelta | None = timedelta(hours=1),
    nonce: bytes | None = None,
    hashed: hashes.HashAlgorithm | None = None,
    serial: int | None = None,
    encoding: ocsp.OCSPResponderEncoding = ocsp.OCSPResponderEncoding.HASH,
) -> bytes:
    """What a responder says of what was asked, by default as it should."""
    single = ocsp.OCSPResponseBuilder().add_response_by_hash(
        issuer_name_hash=asked.issuer_name_hash,
        issuer_key_hash=asked.issuer_key_hash,
        serial_number=asked.serial_number if serial is None else serial,
        algorithm=asked.hash_algorithm,
        cert_status=STATUSES[status],
        this_update=at,
        next_update=None if life is None else at + life,
        revocation_time=at if status == "revoked" else None,
        revocation_reason=None,
    )
    draft = single.responder_id(encoding, signer.certificate)
    if signer.shown:
        draft = draft.certificates([signer.certificate])
    echoed = asked.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce if nonce is None else nonce
    if echoed:
        draft = draft.add_extension(x509.OCSPNonce(echoed), critical=False)
    return draft.sign(signer.key, hashed or hashes.SHA256()).public_bytes(Encoding.DER)


@dataclass
class Responder:
    """One that runs. `says` changes what it says from the next question on."""

    url: str
    said: Path
    process: Popen[str]

    def says(self, **what: object) -> None:
        fresh = self.said.with_suffix(".new")
        fresh.write_text(json.dumps(what.pop("of", {}) | what))  # type: ignore[operator]
        fresh.replace(self.said)


@contextmanager
def responding(authority: Path, said: Path) -> Iterator[Responder]:
    """A process of it; the CA's key lies beside its certificate."""
    said.write_text("{}")
    command = [sys.executable, "-m", "tests.certs.responder", str(authority), str(said)]
    with Popen(command, stdout=PIPE, text=True, cwd=Path(__file__).parents[2]) as process:
        try:
            assert process.stdout is not None
            yield Responder(f"http://127.0.0.1:{int(process.stdout.readline())}/", said, process)
        finally:
            process.kill()


def _answered(content: bytes, authority: Signer, says: Mapping[str, Any]) -> bytes:
    asked = ocsp.load_der_ocsp_request(content)
    status = says.get(f"{asked.serial_number:x}", says.get("*", "good"))
    signer = Signer.read(Path(says["delegate"]), shown=True) if "delegate" in says else authority
    at = datetime.now(UTC) - timedelta(seconds=says.get("ago", 0))  # noqa: TID251  its clock is not ours
    return response(asked, status, signer, at, life=timedelta(seconds=says.get("life", 3600)))


def main(certificate: str, said: str) -> None:
    authority = Signer.read(Path(certificate))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content, says = self.rfile.read(int(self.headers["Content-Length"])), json.loads(Path(said).read_text())
            if says.get("silent"):
                return
            answer = _answered(content, authority, says)
            self.send_response(200)
            self.send_header("Content-Type", "application/ocsp-response")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            with suppress(BrokenPipeError):  # whoever asked was stopped meanwhile
                self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Nothing is said of who asks."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
