"""The system's OpenSSL: a machine that cannot serve is told what to do."""

import pytest

from adapters.guomi import libcrypto as room
from adapters.guomi.fault import GuomiError


@pytest.fixture
def unloaded() -> None:
    room.libcrypto.cache_clear()


@pytest.mark.usefixtures("unloaded")
def test_a_machine_without_openssl_3(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_NAMES", ("libnothing.so.3",))
    with pytest.raises(GuomiError, match="install libssl3"):
        room.libcrypto()


@pytest.mark.usefixtures("unloaded")
def test_a_library_that_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_NAMES", (None,))
    monkeypatch.setattr(room, "_PROTOTYPES", {"EVP_sm5": (None, ())})
    with pytest.raises(GuomiError, match="built with SM2"):
        room.libcrypto()
