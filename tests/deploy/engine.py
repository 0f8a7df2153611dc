"""podman as a test drives it, on a machine of any kind: as root, on the network of the machine, with the limits that stand there."""

import os
import resource
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.terminal import ROOT

_UNIFIED = Path("/sys/fs/cgroup/unified")
_WITHOUT_IT = ("unshare", "--mount", "sh", "-c", f'umount --lazy {_UNIFIED} && exec "$@"', "sh")
"""crun runs under cgroup v1 or v2, and not where v2 is mounted beside v1."""
_MOST_FILES = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
"""podman's own default may be above what this machine allows."""
_AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
LOCKED = ("--read-only", "--read-only-tmpfs=false", "--cap-drop=all", "--security-opt=no-new-privileges")
"""As `locked` of deploy/kubernetes/kuacheng.yaml."""


def podman(*arguments: str, status: int | None = 0) -> str:
    """What it prints, on both outputs; it must end with this status, if one is named."""
    prefix = _WITHOUT_IT if _UNIFIED.exists() else ()
    done = subprocess.run(
        [*prefix, "podman", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert status is None or done.returncode == status, f"podman {' '.join(arguments)}\n{done.stdout}"
    return done.stdout


def run(image: str, *arguments: str, flags: Sequence[str] = (), status: int | None = 0) -> str:
    """A container of this image, locked."""
    return podman(
        "run",
        "--network=host",
        f"--ulimit=nofile={_MOST_FILES}:{_MOST_FILES}",
        "--ulimit=nproc=4096:4096",
        *LOCKED,
        *flags,
        image,
        *arguments,
        status=status,
    )


def make(target: str, **variables: str) -> None:
    """`make image` as somebody types it, here with the authorities that this machine believes."""
    believed = f"--network=host --volume {_AUTHORITIES}:{_AUTHORITIES}:ro" if _AUTHORITIES.exists() else "--network=host"
    given = [f"{name}={value}" for name, value in ({"ENGINE": "podman", "BUILD_FLAGS": believed} | variables).items()]
    done = subprocess.run(
        [*(_WITHOUT_IT if _UNIFIED.exists() else ()), "make", target, *given],
        cwd=ROOT,
        env=os.environ | {"BUILDAH_ISOLATION": "chroot"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
