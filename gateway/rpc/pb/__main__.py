"""Makes gateway/rpc/pb/v1 from proto/kuacheng/v1, or with --check says whether it has drifted.

protoc names Python modules after the proto path; here they live inside the gateway, so the import lines are rewritten.
"""

import re
import sys
import tempfile
from pathlib import Path

from grpc_tools import protoc

ROOT = Path(__file__).parents[3]
SOURCES = ROOT / "proto"
TARGET = Path(__file__).parent / "v1"
IMPORT = re.compile(r"\bkuacheng(\.v1\b)(?! *import *\*)")


def generate(into: Path) -> dict[str, str]:
    """File name -> text of each generated module, by protoc of the pinned grpcio-tools."""
    names = sorted(str(path.relative_to(SOURCES)) for path in SOURCES.glob("kuacheng/v1/*.proto"))
    arguments = [
        "protoc",
        f"-I{SOURCES}",
        f"-I{Path(protoc.__file__).parent / '_proto'}",
        f"--python_out={into}",
        f"--mypy_out={into}",
        f"--grpc_python_out={into}",
        f"--mypy_grpc_out={into}",
        *names,
    ]
    if protoc.main(arguments) != 0:
        raise SystemExit("protoc refused the sources; its message stands above")
    made = sorted((into / "kuacheng" / "v1").iterdir())
    kept = (path for path in made if "_pb2_grpc" not in path.name or "_service_pb2_grpc" in path.name)
    return {path.name: _rehouse(path.read_text()) for path in kept}


def _rehouse(text: str) -> str:
    lines = (_line(line) for line in text.splitlines())
    return "\n".join(lines) + "\n"


def _line(line: str) -> str:
    return IMPORT.sub(r"gateway.rpc.pb\1", line) if re.match(r"\s*(from|import) ", line) else line


def main(arguments: list[str]) -> int:
    """Writes the modules, or compares: 0 is fine, 1 means drift."""
    with tempfile.TemporaryDirectory() as folder:
        made = generate(Path(folder))
    standing = {path.name: path.read_text() for path in TARGET.glob("*_pb2*")}
    if arguments == ["--check"]:
        drifted = sorted(name for name in made.keys() | standing.keys() if made.get(name) != standing.get(name))
        if drifted:
            sys.stderr.write(f"generated code has drifted: {', '.join(drifted)}; run: make proto\n")
        return 1 if drifted else 0
    for name in standing.keys() - made.keys():
        (TARGET / name).unlink()
    for name, text in made.items():
        (TARGET / name).write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
