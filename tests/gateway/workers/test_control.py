"""Operators' socket: who is heard, what is no order, what a gateway that is gone leaves behind."""

import asyncio
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gateway.workers import control as door
from gateway.workers.control import ControlTaken, NoGateway, ask, control


async def echo(order: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"heard": order}


async def test_an_order_is_answered_and_the_socket_is_its_owners_only(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 60) / ("y" * 60) / "g.control"
    path.parent.mkdir(parents=True)
    async with control(path, echo):
        assert path.stat().st_mode & 0o777 == 0o600
        assert await ask(path, {"do": "it"}) == {"heard": {"do": "it"}}
    assert not path.exists()


@pytest.mark.parametrize("line", [b"\n", b"{\n", b"[]\n", b"\xff\n"])
async def test_what_is_no_order_is_refused(tmp_path: Path, line: bytes) -> None:
    async with control(tmp_path / "c", echo):
        reader, writer = await asyncio.open_unix_connection(tmp_path / "c")
        writer.write(line)
        assert b"that is no order" in await reader.readline()
        writer.close()


async def test_another_user_is_not_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with control(tmp_path / "c", echo):
        monkeypatch.setattr(door.os, "geteuid", lambda: 12345)
        monkeypatch.setattr(door, "_ROOT", 54321)
        with pytest.raises(NoGateway, match="did not answer"):
            await ask(tmp_path / "c", {"do": "it"})


async def test_a_second_gateway_does_not_take_the_socket_away(tmp_path: Path) -> None:
    async with control(tmp_path / "c", echo):
        with pytest.raises(ControlTaken, match="give --control"):
            async with control(tmp_path / "c", echo):
                pass
        assert await ask(tmp_path / "c", {}) == {"heard": {}}


async def test_what_a_dead_gateway_left_is_no_hindrance(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "c"))
    with pytest.raises(NoGateway, match="is it running"):
        await ask(tmp_path / "c", {})
    async with control(tmp_path / "c", echo):
        assert await ask(tmp_path / "c", {}) == {"heard": {}}


async def test_what_is_no_socket_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "revoked.json").write_text("precious")
    with pytest.raises(FileExistsError, match="is there and no socket"):
        async with control(tmp_path / "revoked.json", echo):
            pass
    assert (tmp_path / "revoked.json").read_text() == "precious"
    async with control(tmp_path / "c", echo):
        (tmp_path / "c").unlink()
        (tmp_path / "c").write_text("precious")
    assert (tmp_path / "c").read_text() == "precious"
