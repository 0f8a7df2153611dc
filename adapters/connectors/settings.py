"""What one system of a city needs to be reached: address, trust, keys, credentials and limits.

Law: gateway.config reads these; nothing here reads a file or the environment.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


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
        """The credential of this name. Raises ValueError, which never quotes a value, where it is missing or empty."""
        value = self.credentials.get(name, "")
        if not value:
            message = f"{self.name}: the credential {name} is missing"
            raise ValueError(message)
        return value
