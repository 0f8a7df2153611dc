"""Each field of the contract has a comment with its Chinese term between brackets, and so has each code of its lists."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from google.protobuf.descriptor_pb2 import DescriptorProto, EnumDescriptorProto, FileDescriptorProto, FileDescriptorSet
from grpc_tools import protoc

from tests.terminal import ROOT

TERM = re.compile(r"\([^()]*[\u4e00-\u9fff][^()]*\)")
BY_PAGE = "kuacheng.v1.Reason."
"""docs/reasons.md has these in Chinese, from the gateway's own table."""


def described(sources: Path, made: Path) -> tuple[FileDescriptorProto, ...]:
    """The files of the contract as protoc sees them, comments included."""
    files = sorted(each.relative_to(sources).as_posix() for each in sources.rglob("*.proto"))
    known = Path(protoc.__file__).parent / "_proto"
    assert (
        protoc.main(["protoc", f"-I{sources}", f"-I{known}", "--include_source_info", f"--descriptor_set_out={made}", *files])
        == 0
    )
    return tuple(FileDescriptorSet.FromString(made.read_bytes()).file)


def comments(file: FileDescriptorProto) -> Iterator[tuple[str, str]]:
    """Name and comment of each field and of each enum value that says something: the first ones only say that nothing is said."""
    told = {tuple(each.path): each.leading_comments for each in file.source_code_info.location}
    fields = FileDescriptorProto.MESSAGE_TYPE_FIELD_NUMBER, DescriptorProto.FIELD_FIELD_NUMBER
    values = FileDescriptorProto.ENUM_TYPE_FIELD_NUMBER, EnumDescriptorProto.VALUE_FIELD_NUMBER
    for place, message in enumerate(file.message_type):
        for at, field in enumerate(message.field):
            yield f"{file.package}.{message.name}.{field.name}", told.get((fields[0], place, fields[1], at), "")
    for place, enum in enumerate(file.enum_type):
        for at, value in enumerate(enum.value):
            if value.number:
                yield f"{file.package}.{enum.name}.{value.name}", told.get((values[0], place, values[1], at), "")


def without_term(sources: Path, made: Path) -> list[str]:
    found = (each for file in described(sources, made) for each in comments(file))
    return [name for name, told in found if not TERM.search(told) and not name.startswith(BY_PAGE)]


def test_every_field_and_code_has_its_chinese_term(tmp_path: Path) -> None:
    assert without_term(ROOT / "proto", tmp_path / "set") == []


def test_no_field_hides_in_a_message_within_a_message(tmp_path: Path) -> None:
    within = (
        each
        for file in described(ROOT / "proto", tmp_path / "set")
        for message in file.message_type
        for each in message.nested_type
    )
    assert all(each.options.map_entry for each in within)


def test_a_new_field_without_one_is_found(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "proto", tmp_path / "proto")
    file = tmp_path / "proto/kuacheng/v1/directory_service.proto"
    text = file.read_text(encoding="utf-8")
    new = "message Region {\n  // What it is called in German, e.g. `广州`.\n  string name_de = 5;\n"
    file.write_text(text.replace("message Region {\n", new), encoding="utf-8")
    assert without_term(tmp_path / "proto", tmp_path / "set") == ["kuacheng.v1.Region.name_de"]
