"""Settings do not show what they hold."""

from collections.abc import Callable

import pytest

from adapters.connectors.settings import SystemSettings


def test_no_secret_shows(settings_of: Callable[..., SystemSettings]) -> None:
    assert "test-token" not in repr(settings_of("guangzhou.g2", "https://city.test"))


@pytest.mark.parametrize("credentials", [{}, {"token": ""}])
def test_a_missing_credential_is_named(settings_of: Callable[..., SystemSettings], credentials: dict[str, str]) -> None:
    settings = settings_of("guangzhou.g2", "https://city.test", credentials=credentials)
    with pytest.raises(ValueError, match=r"guangzhou\.g2: the credential token is missing"):
        settings.credential("token")
