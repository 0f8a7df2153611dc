"""Makes kuacheng.binpb, the descriptor set that Envoy transcodes by: the contract, with the paths of http.yaml as google.api.http; and
puts the gateway's words for OVERLOADED into front.yaml.

`python -m deploy.envoy` writes both, `--check` says with status 1 what is not up to date. Every method must have a path, and every
path a method.
"""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml
from google.api import annotations_pb2, http_pb2
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from google.protobuf.json_format import ParseDict
from google.rpc import error_details_pb2, status_pb2

from deploy.envoy import front
from gateway.rpc.pb.v1 import directory_service_pb2, evidence_service_pb2, ledger_service_pb2

FOLDER: Final = Path(__file__).parent
MADE: Final = FOLDER / "kuacheng.binpb"
_SERVICES: Final = (evidence_service_pb2.DESCRIPTOR, directory_service_pb2.DESCRIPTOR, ledger_service_pb2.DESCRIPTOR)
# What a refusal carries, so that it becomes JSON too, and the annotation itself.
_BESIDES: Final = (error_details_pb2.DESCRIPTOR, status_pb2.DESCRIPTOR, annotations_pb2.DESCRIPTOR)


def descriptors() -> bytes:
    """The set, the same bytes each time. Raises ValueError where paths and methods do not fit."""
    rules = {each.pop("selector"): each for each in yaml.safe_load((FOLDER / "http.yaml").read_text())["http"]["rules"]}
    files = [_annotated(each, rules) for each in dict.fromkeys(_with_imports((*_SERVICES, *_BESIDES)))]
    if rules:
        raise ValueError(f"no such method: {', '.join(rules)}")
    return FileDescriptorSet(file=files).SerializeToString(deterministic=True)


def _with_imports(files: tuple[FileDescriptor, ...]) -> Iterator[FileDescriptor]:
    """Each after what it imports, as protoc has it."""
    for each in files:
        yield from _with_imports(tuple(each.dependencies))
        yield each


def _annotated(file: FileDescriptor, rules: dict[str, Mapping[str, Any]]) -> FileDescriptorProto:
    made = FileDescriptorProto.FromString(file.serialized_pb)
    for service in made.service:
        for method in service.method:
            name = f"{made.package}.{service.name}.{method.name}"
            if name not in rules:
                raise ValueError(f"{name} has no path in http.yaml")
            method.options.Extensions[annotations_pb2.http].CopyFrom(ParseDict(rules.pop(name), http_pb2.HttpRule()))
    return made


def main() -> int:
    """Writes, or compares."""
    made = {MADE: descriptors(), front.FILE: front.spoken(front.FILE.read_text()).encode()}
    if sys.argv[1:] == ["--check"]:
        stale = [each.name for each, content in made.items() if each.read_bytes() != content]
        if stale:
            sys.stderr.write(f"{', '.join(stale)}: not up to date; run python -m deploy.envoy\n")
        return bool(stale)
    for each, content in made.items():
        each.write_bytes(content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
