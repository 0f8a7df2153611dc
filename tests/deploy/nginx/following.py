"""docs/keys-in-a-token.md, followed as it stands: a token with its keys, and nginx with them before a gateway and before a city."""

import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest
from click.testing import CliRunner

from gateway.cli import main
from tests.gateway.rpc.house import papers
from tests.ports import accepted, free_port
from tests.terminal import ROOT, blocks, split

PAGE: Final = "docs/keys-in-a-token.md"
FILES: Final = ROOT / "deploy/nginx"
PORTS: Final = {"front.conf": "8443", "egress.conf": "8445"}
"""At which each listens."""
_EXPORT: Final = "export "


@dataclass
class Site:
    """A folder in which the page was followed, but for what runs on."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    starts: dict[str, str] = field(default_factory=dict)
    """What starts nginx, by its configuration."""

    def follow(self) -> None:
        """Every command of the page; what would go on is kept for `running`."""
        for command in (each for block in blocks(PAGE) if block.language == "sh" for each in split(block.text)):
            if command.startswith(_EXPORT):
                name, _, value = command.removeprefix(_EXPORT).partition("=")
                self.environment[name] = value
            elif command.startswith("nginx") and not command.endswith("-t"):
                self.starts[command.rpartition(" ")[2]] = command
            else:
                self._typed(command)

    def configured(self, name: str, **changes: str) -> int:
        """The configuration as it stands, but for these and a free port at which it listens, which is given back."""
        port = free_port()
        text = (FILES / name).read_text(encoding="utf-8")
        for before, after in {f"listen 127.0.0.1:{PORTS[name]}": f"listen 127.0.0.1:{port}", **changes}.items():
            assert text.count(before) == 1, before
            text = text.replace(before, after)
        (self.folder / name).write_text(text, encoding="utf-8")
        return port

    @contextmanager
    def running(self, name: str, port: int) -> Iterator[None]:
        """The real nginx, from the moment at which it accepts."""
        # As root it would give its rights up, and the token's files with them; as anybody else it has none.
        rights = ["-g", "user root;"] if os.geteuid() == 0 else []
        command = [*shlex.split(self.starts[name]), *rights]
        with subprocess.Popen(command, cwd=self.folder, env=os.environ | self.environment) as nginx:
            try:
                accepted(port, lambda: nginx.poll() is None)
                yield
            finally:
                nginx.terminate()

    def _typed(self, command: str) -> None:
        """Ours in this process, which costs a fifth."""
        program, *arguments = shlex.split(command.replace("\\\n", ""))
        if program == "kuacheng":
            found = CliRunner().invoke(main, arguments)
            assert found.exit_code == 0, f"{command}\n{found.output}"
            return
        done = subprocess.run(
            ["sh", "-c", command], cwd=self.folder, env=os.environ | self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


def begin(folder: Path) -> Site:
    """The page followed in this folder, with the CAs of tests.gateway.rpc.house."""
    for each in FILES.iterdir():
        shutil.copy(each, folder)
    (folder / "ca").mkdir(mode=0o700)
    for name, authority in {
        "gateway": papers().gateway,
        "guangzhou": papers().regions.own,
        "foshan": papers().regions.other,
        "city": papers().regions.other,
    }.items():
        (folder / "ca" / f"{name}.pem").write_bytes(authority.certificate_pem)
        (folder / "ca" / f"{name}.key").touch(mode=0o600)
        (folder / "ca" / f"{name}.key").write_bytes(authority.key_pem)
    site = Site(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        site.follow()
    return site
