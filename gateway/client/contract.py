"""The contract's .proto files, as integrators are handed them: from the installed package, or from the project's own tree."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

_INSTALLED: Final = Path(__file__).with_name("proto")
_TREE: Final = Path(__file__).parents[2] / "proto"


def protos() -> Mapping[str, bytes]:
    """Each file by its import path, such as kuacheng/v1/evidence.proto. Raises FileNotFoundError where the package lacks them."""
    root = next((each for each in (_INSTALLED, _TREE) if each.is_dir()), None)
    if root is None:
        raise FileNotFoundError("the .proto files are missing from this installation; install the package anew")
    found = sorted(root.rglob("*.proto"))
    return MappingProxyType({each.relative_to(root).as_posix(): each.read_bytes() for each in found})
