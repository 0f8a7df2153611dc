"""Small file systems that a bench may fill or protect as it likes. Where none may be made, the callers have limits to fall back on."""

import os
import subprocess
import sys
from pathlib import Path


def mounted(place: Path, size: int) -> bool:
    """Puts a tmpfs of so many bytes on the folder; False where we may not (it takes root on Linux)."""
    may = sys.platform == "linux" and os.geteuid() == 0
    return may and _ran("mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", place)


def changed(place: Path, option: str) -> None:
    """Gives it another option of mount(8). Raises OSError."""
    if not _ran("mount", "-o", f"remount,{option}", place):
        raise OSError(f"the file system could not be changed: {option}")


def used(place: Path) -> int:
    """Bytes of it."""
    now = os.statvfs(place)
    return (now.f_blocks - now.f_bfree) * now.f_frsize


def unmounted(place: Path) -> None:
    """Takes it away with all that is on it. Raises OSError."""
    if not _ran("umount", place):
        raise OSError(f"{place} could not be unmounted")


def _ran(*command: str | Path) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
