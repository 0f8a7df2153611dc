"""A witness's folder: its name, its key and its record, made once.

Law: nothing that is there is overwritten, because a witness that begins anew under its old key cosigns a rollback.
"""

from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from certs.custody import private_folder, write_certificate, write_key
from gateway.ledger.note import Algorithm, Verifier
from gateway.witness.record import Record

KEY: Final = "witness.key"
RECORD: Final = "witness.db"
NAME: Final = "witness.name"


def make(folder: Path, name: str, key: Ed25519PrivateKey) -> Verifier:
    """Lays a new witness down, owner-only; by whom it is verified. Raises NoteRefused for the name, FileExistsError, OSError."""
    verifier = Verifier(name, Algorithm.COSIGNATURE_V1, key.public_key().public_bytes_raw())
    Verifier.parse(str(verifier))
    private_folder(folder)
    write_key(folder / KEY, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    write_certificate(folder / NAME, f"{name}\n".encode())
    Record.create(folder / RECORD, verifier)
    return verifier
