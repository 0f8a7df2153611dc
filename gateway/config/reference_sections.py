"""How gateway.yaml refers to what does not stand in it: files, secrets, and keys in a token."""

from typing import Annotated, Final

from pydantic import BeforeValidator, Discriminator, Field, Tag

from gateway.config.shape import Section, fault
from gateway.config.words import Path, Text, Variable

_KEY_HINT: Final = "write {file: path} or {pkcs11: {module, token, label, pin}}"
_REFERENCE_HINT: Final = "write {file: path} or {env: NAME}, and renew the secret if this file was shown to anybody"


class FileReference(Section):
    """A file by its path."""

    file: Path = Field(description="path, relative to gateway.yaml")


class SecretFile(Section):
    """A secret that stands in a file of its own, readable by its owner only."""

    file: Path = Field(description="path, relative to gateway.yaml; mode 600")


class SecretVariable(Section):
    """A secret that stands in an environment variable."""

    env: Variable = Field(description="name of the variable")


def _referred(value: object) -> object:
    if not isinstance(value, dict):
        raise fault("a secret must not stand in this file", _REFERENCE_HINT)
    if len({"env", "file"} & value.keys()) != 1:
        raise fault("must name either a file or a variable", _REFERENCE_HINT)
    return value


def _kind_of_secret(value: object) -> str:
    return "<env>" if isinstance(value, dict) and "env" in value else "<file>"


SecretReference = Annotated[
    Annotated[SecretFile, Tag("<file>")] | Annotated[SecretVariable, Tag("<env>")],
    Discriminator(_kind_of_secret),
    BeforeValidator(_referred),
]


class TokenSettings(Section):
    """A key in a PKCS#11 token."""

    module: Path = Field(description="the shared library of the token's maker")
    token: Text = Field(description="the token's label")
    label: Text = Field(description="the key's label in the token")
    pin: SecretReference = Field(description="the user's PIN, {file} or {env}")


class TokenReference(Section):
    """A key that lies in a token and never leaves it."""

    pkcs11: TokenSettings = Field(description="where it lies, {module, token, label, pin}")


def _kept(value: object) -> object:
    if isinstance(value, dict) and len({"file", "pkcs11"} & value.keys()) != 1:
        raise fault("must name either a file or a token", _KEY_HINT)
    return value


def _kind_of_key(value: object) -> str:
    return "<pkcs11>" if isinstance(value, dict) and "pkcs11" in value else "<file>"


KeyReference = Annotated[
    Annotated[FileReference, Tag("<file>")] | Annotated[TokenReference, Tag("<pkcs11>")],
    Discriminator(_kind_of_key),
    BeforeValidator(_kept),
]
