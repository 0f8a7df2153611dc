"""The registry: every system can be made of what it says that it needs, and says what is missing."""

from collections.abc import Callable
from typing import Any

import pytest

from adapters.connectors.settings import SettingRefused, SystemSettings
from adapters.registry import CONNECTORS, CREDENTIALS, OPERATIONS

SettingsOf = Callable[..., SystemSettings]


def test_the_names_agree() -> None:
    named = {"guangzhou.g1", "guangzhou.g2", "guangzhou.g3", "foshan.f1", "foshan.f2", "foshan.f3", "foshan.f4"}
    assert CONNECTORS.keys() == CREDENTIALS.keys() == OPERATIONS.keys() == named


@pytest.mark.parametrize("name", sorted(CONNECTORS))
async def test_made_of_exactly_the_credentials_it_names(name: str, settings_of: SettingsOf, clock: Any) -> None:
    url = "postgresql://foshan.test/front" if name == "foshan.f4" else "https://city.test"
    settings = settings_of(name, url)
    assert settings.credentials.keys() == CREDENTIALS[name]
    await CONNECTORS[name](settings, clock, bytes).close()
    for missing in CREDENTIALS[name]:
        fewer = {key: value for key, value in settings.credentials.items() if key != missing}
        with pytest.raises(SettingRefused, match=f"{name}: the credential {missing} is missing") as refused:
            CONNECTORS[name](settings_of(name, url, credentials=fewer), clock, bytes)
        assert refused.value.key == ("credentials", missing)


@pytest.mark.parametrize("key", ["00", "何" * 32, "00" * 17, "ff" * 32])
@pytest.mark.parametrize(
    ("name", "credential"),
    [("foshan.f2", "aes_key"), ("foshan.f3", "sm4_key"), ("foshan.f3", "private_key"), ("foshan.f3", "platform_key")],
)
def test_a_key_of_the_wrong_form(name: str, credential: str, key: str, settings_of: SettingsOf, clock: Any) -> None:
    credentials = {**settings_of(name, "https://city.test").credentials, credential: key}
    with pytest.raises(ValueError, match=credential) as caught:
        CONNECTORS[name](settings_of(name, "https://city.test", credentials=credentials), clock, bytes)
    assert key not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
