"""A token that is no machine: SoftHSM, in a folder of its own, with keys that the tests know."""

import os
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pkcs11
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pkcs11 import Attribute, KeyType, ObjectClass

from gateway.ledger.keys import new_key
from gateway.token import Place

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
TOKEN, PIN = "kuacheng", "482-615"
SECRET = bytes(range(32))


@dataclass(frozen=True)
class SoftHsm:
    """The token, and what may befall it."""

    folder: Path

    def place(self, label: str, **changes: Any) -> Place:
        return Place(**({"module": MODULE, "token": TOKEN, "label": label, "pin": PIN} | changes))

    def session(self) -> Any:
        """A login of the test's own, after which the gateway's is gone: a process has one at a token."""
        library = pkcs11.lib(str(MODULE))
        library.reinitialize()
        return library.get_token(token_label=TOKEN).open(user_pin=PIN, rw=True)

    def signs(self, label: str, seed: int) -> Ed25519PrivateKey:
        """Puts the key pair of this seed there, and gives it back."""
        key = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        self.keeps(label, new_key(bytes([seed]).__mul__))
        return key

    def keeps(self, label: str, key: bytes) -> None:
        """Puts this key pair (PEM) there, in the place of one of the same label."""
        with self.session() as session:
            for kind in (ObjectClass.PRIVATE_KEY, ObjectClass.PUBLIC_KEY):
                for each in list(session.get_objects({Attribute.LABEL: label, Attribute.CLASS: kind})):
                    each.destroy()
        pem = self.folder / "import.pem"
        pem.write_bytes(key)
        _tool("--import", str(pem), "--token", TOKEN, "--label", label, "--id", os.urandom(4).hex(), "--pin", PIN)
        pem.unlink()
        pkcs11.lib(str(MODULE)).reinitialize()

    def hashes(self, label: str) -> bytes:
        """Puts a secret key there, and gives back what it is."""
        secret = {
            Attribute.CLASS: ObjectClass.SECRET_KEY,
            Attribute.KEY_TYPE: KeyType.GENERIC_SECRET,
            Attribute.VALUE: SECRET,
            Attribute.LABEL: label,
            Attribute.TOKEN: True,
            Attribute.SIGN: True,
            Attribute.SENSITIVE: True,
            Attribute.EXTRACTABLE: False,
        }
        with self.session() as session:
            session.create_object(secret)
        pkcs11.lib(str(MODULE)).reinitialize()
        return SECRET

    def unplug(self) -> None:
        """The token is away."""
        (self.folder / "tokens").rename(self.folder / "away")
        (self.folder / "tokens").mkdir()

    def plug(self) -> None:
        """It is back."""
        shutil.rmtree(self.folder / "tokens")
        (self.folder / "away").rename(self.folder / "tokens")


def _tool(*arguments: str) -> None:
    subprocess.run(["softhsm2-util", *arguments], check=True, capture_output=True)


@pytest.fixture(scope="module")
def hsm(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The token."""
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    file = folder / "softhsm2.conf"
    file.write_text(f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(file))
        _tool("--init-token", "--free", "--label", TOKEN, "--pin", PIN, "--so-pin", "917-204")
        with suppress(KeyError):  # an earlier module's folder may be what it has in mind
            pkcs11._loaded[str(MODULE)].reinitialize()
        yield SoftHsm(folder)
        with suppress(pkcs11.PKCS11Error):
            pkcs11.lib(str(MODULE)).finalize()
