"""The command: `make soak-certs`."""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import uvloop

import bench.rotating
from bench.rotating import Load, soak


def main() -> int:
    """Runs it and prints what was seen; 1 if anybody noticed."""
    options = _options()
    done = {name: getattr(options, name) for name in ("rotations", "changes", "revocations", "rate", "connections")}
    load = Load(**done, mishaps=options.mishaps, workers=options.workers, kills=options.kills)
    options.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="soak-", dir=options.folder) as folder:
        found = uvloop.run(soak(Path(folder).absolute() / "dev", load))
    sys.stdout.write(found.told() + "\n")
    return 1 if found.failures else 0


def _options() -> Any:
    parser = argparse.ArgumentParser(prog="python -m bench.rotating", description=bench.rotating.__doc__)
    for name, default, what in (
        ("rotations", 100, "of the gateway's leaves"),
        ("changes", 5, "of the CA of the callers' region, from stage to retire"),
        ("revocations", 20, "of one certificate each"),
        ("mishaps", 3, "rounds of all bad generations"),
        ("kills", 5, "of a worker in the middle of a rotation"),
        ("workers", 2, "of the gateway"),
        ("rate", 200, "questions a second"),
        ("connections", 50, "that stay open; every tenth question has one of its own"),
    ):
        parser.add_argument(f"--{name}", type=int, default=default, help=f"{what} (default {default})")
    parser.add_argument("--folder", type=Path, default=Path(".kuacheng"), help="on the disk for the log (default .kuacheng)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
