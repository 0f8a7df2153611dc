"""Programs that nobody here wrote, by which some tests judge us, and what to install for them (Debian, Ubuntu).

Laws: a test names what it needs by the marker `needs`; where that is missing the test fails and says what to install; with
--leave-out-missing it is left out, and the end of the run says so. Nothing is skipped in silence.
"""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Peer:
    """One program: what people call it, its packages, and whether it is here.

    `apart`: only tests that `make test` does not run need it.
    """

    name: str
    packages: str
    is_here: Callable[[], bool]
    apart: bool = False

    @property
    def missing(self) -> str:
        """What is said where it is not here."""
        return f"{self.name} is not installed: apt-get install -y {self.packages}"


def _any(folder: str, pattern: str) -> bool:
    return any(Path(folder).glob(pattern))


PEERS: Final[Mapping[str, Peer]] = MappingProxyType(
    {
        "chromium": Peer("Chromium", "chromium fonts-noto-cjk", lambda: Path("/usr/bin/chromium").exists()),
        "go": Peer(
            "Go with golang.org/x/mod",
            "golang-go golang-golang-x-mod-dev",
            lambda: shutil.which("go") is not None and _any("/usr/share/gocode/src/golang.org/x/mod", "sumdb"),
        ),
        "nginx": Peer(
            "nginx with OpenSSL's PKCS#11 engine and pkcs11-tool",
            "nginx libengine-pkcs11-openssl opensc",
            lambda: all(map(shutil.which, ("nginx", "pkcs11-tool"))) and _any("/usr/lib", "**/engines-3/pkcs11.so"),
        ),
        "nspawn": Peer(
            "systemd-nspawn with mmdebstrap",
            "systemd-container mmdebstrap",
            lambda: all(map(shutil.which, ("systemd-nspawn", "mmdebstrap", "nsenter"))),
            apart=True,
        ),
        "openssl": Peer("The openssl command", "openssl", lambda: shutil.which("openssl") is not None),
        "pebble": Peer(
            "Pebble, an ACME server, with its DNS server",
            "pebble",
            lambda: shutil.which("pebble") is not None and shutil.which("pebble-challtestsrv") is not None,
        ),
        "podman": Peer(
            "podman with crun and mmdebstrap",
            "podman crun mmdebstrap",
            lambda: all(map(shutil.which, ("podman", "crun", "mmdebstrap"))),
            apart=True,
        ),
        "postgresql": Peer("PostgreSQL", "postgresql", lambda: _any("/usr/lib/postgresql", "*/bin/postgres")),
        "prometheus": Peer(
            "Prometheus with promtool",
            "prometheus",
            lambda: shutil.which("prometheus") is not None and shutil.which("promtool") is not None,
        ),
        "systemd": Peer("systemd-analyze", "systemd", lambda: shutil.which("systemd-analyze") is not None),
        "softhsm": Peer("SoftHSM", "softhsm2", lambda: _any("/usr/lib", "**/softhsm/libsofthsm2.so")),
    }
)
