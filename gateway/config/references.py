"""Follows what gateway.yaml refers to: files and variables, taken only as they may be.

Laws: keys and secrets are taken only from files that nobody else may read, or from the environment; a problem names the
reference and never the secret; certificates and keys are looked at before they are used.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gateway.config import document as yaml
from gateway.config import pem
from gateway.config.document import Document
from gateway.config.files import Unreadable, read_file
from gateway.config.places import Places
from gateway.config.problem import ConfigError, Gathering, Problem
from gateway.config.reference_sections import SecretFile, SecretReference

MOST_SECRET: Final = 1 << 14
_MOST_PEM: Final = 1 << 18
_MOST_TEXT: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class References:
    """Follows the references of one document, relative to its folder."""

    document: Document
    folder: Path
    environment: Mapping[str, str] = field(repr=False)
    places: Places = field(default_factory=Places, repr=False)

    def found(self, name: str) -> Path:
        """Where the file of this name lies now."""
        return self.places.found(self.folder / name)

    def path(self, name: str) -> Path:
        """A path of the document as an absolute one."""
        return Path(os.path.abspath(self.folder / name))  # noqa: PTH100 - links stay as they are

    def absolute(self, name: str) -> Path:
        """Where the file of this name lies now, as an absolute path."""
        return Path(os.path.abspath(self.found(name)))  # noqa: PTH100 - links are followed already

    def file(self, at: yaml.Path, name: str, *, most: int = _MOST_PEM, private: bool = False) -> bytes:
        """The file's content. Raises ConfigError at the reference."""
        try:
            return read_file(self.found(name), most=most, private=private)
        except Unreadable as error:
            raise ConfigError([self.document.problem(at, error.message, error.hint)]) from None

    def pem(self, at: yaml.Path, name: str, fault: Callable[[bytes], pem.Fault | None], *, private: bool = False) -> bytes:
        """The file's content, looked at. Raises ConfigError at the file itself."""
        content = self.file((*at, "file"), name, private=private)
        if found := fault(content):
            raise ConfigError([Problem(str(self.found(name)), 1, 1, yaml.dotted(at), *found)])
        return content

    def text(self, at: yaml.Path, name: str) -> str:
        """The file's content as text. Raises ConfigError at the reference."""
        try:
            return self.file(at, name, most=_MOST_TEXT).decode("utf-8")
        except UnicodeDecodeError:
            problem = self.document.problem(at, f"{self.folder / name} is not UTF-8 text", "look whether it is the right file")
            raise ConfigError([problem]) from None

    def secret(self, at: yaml.Path, reference: SecretReference) -> str:
        """The secret as text, without the line end after it. Raises ConfigError."""
        if isinstance(reference, SecretFile):
            content = self.file((*at, "file"), reference.file, most=MOST_SECRET, private=True)
            where, named, text = (*at, "file"), str(self.folder / reference.file), _text(content)
        else:
            where, named, text = (*at, "env"), f"the variable {reference.env}", self.environment.get(reference.env, "")
        if not text or not text.isprintable():
            raise ConfigError([self.document.problem(where, f"{named} is unset, empty or more than one line of text", "set it")])
        return text

    def pair(self, at: yaml.Path, certificate: str, key: str) -> tuple[bytes, bytes]:
        """Certificate and key, which belong together. Raises ConfigError with every problem of both."""
        gathering = Gathering()
        leaf = gathering.attempt(self.pem, (*at, "certificate"), certificate, pem.certificate_fault)
        private = gathering.attempt(
            self.pem, (*at, "key"), key, lambda content: pem.key_fault(content, leaf or b""), private=True
        )
        gathering.close()
        return leaf or b"", private or b""


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        return ""
