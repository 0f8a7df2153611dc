"""What one system of a city needs to be reached: address, trust, keys, credentials and limits; and what is wrong with one of them.

Law: gateway.config reads these; nothing here reads a file or the environment.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


class SettingRefused(ValueError):  # noqa: N818  named for what was found
    """A setting that no connection can be made with. `key` is its path among the system's settings; `what` quotes no value."""

    def __init__(self, system: str, key: tuple[str, ...], what: str) -> None:
        super().__init__(f"{system}: {what}")
        self.key = key
        self.what = what


@dataclass(frozen=True, slots=True)
class SystemSettings:
    """One system.

    `authorities` are PEM certificates, and `authorities_file` the file of them; `certificate` and `key` are paths, because ssl
    reads nothing else; `timeout` is in seconds; `server_name` is the name that the system's certificate must carry; `credentials`
    has the keys that adapters.registry.CREDENTIALS names.
    """

    name: str
    url: str
    server_name: str
    authorities: bytes = field(repr=False)
    certificate: str
    key: str
    timeout: float
    connections: int
    credentials: Mapping[str, str] = field(repr=False)
    authorities_file: str = ""

    def credential(self, name: str) -> str:
        """The credential of this name. Raises SettingRefused where it is missing or empty."""
        value = self.credentials.get(name, "")
        if not value:
            raise SettingRefused(self.name, ("credentials", name), f"the credential {name} is missing")
        return value
