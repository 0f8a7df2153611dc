"""What is asked and who renews is said without a way to switch a check off, and what does not fit is told."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from gateway.config.certificate_sections import AcmeSettings, OcspSettings, RenewalSettings
from gateway.config.shape import Section

ACME: dict[str, Any] = {
    "directory": "https://ca.test/dir",
    "names": ("gateway.test",),
    "account_key": "account.key",
    "terms": "agreed",
    "dns": ("set-txt",),
}


def test_silence_refuses_unless_a_number_of_hours_is_written() -> None:
    asked = OcspSettings(hosts=("ocsp.ca.test",))
    assert (asked.unreachable, asked.longer, asked.refresh) == ("refuse", 0.0, 600.0)
    assert TypeAdapter(OcspSettings).validate_python({"responder": "http://ca.test/", "unreachable": "72h"}).longer == 72 * 3600


FAULTS: tuple[tuple[type[Section], dict[str, Any], str], ...] = (
    (OcspSettings, {}, "exactly one of responder and hosts"),
    (OcspSettings, {"responder": "http://ca.test/", "hosts": ("ca.test",)}, "exactly one of responder and hosts"),
    (OcspSettings, {"responder": "ldap://ca.test/"}, "http or https URL"),
    (OcspSettings, {"responder": "http://somebody@ca.test/"}, "http or https URL"),
    (OcspSettings, {"responder": "http://ca.test/?of=1"}, "http or https URL"),
    (OcspSettings, {"hosts": ("*.ca.test",)}, "host name in small letters"),
    (OcspSettings, {"hosts": ("http://ca.test/",)}, "host name in small letters"),
    (OcspSettings, {"hosts": ("ca.test",), "unreachable": "allow"}, "duration with its unit"),
    (OcspSettings, {"hosts": ("ca.test",), "unreachable": "73h"}, "at most 72h"),
    (AcmeSettings, ACME | {"directory": "http://ca.test/dir"}, "https URL"),
    (AcmeSettings, ACME | {"terms": "read"}, "terms"),
    (AcmeSettings, ACME | {"dns": ()}, "exactly one of http and dns"),
    (AcmeSettings, ACME | {"http": "0.0.0.0:80"}, "exactly one of http and dns"),
    (AcmeSettings, ACME | {"names": ()}, "names"),
    (RenewalSettings, {}, "exactly one of authority and command, or acme"),
    (RenewalSettings, {"acme": ACME, "authority": "ca.pem", "command": ("ask",)}, "exactly one of authority and command"),
)


@pytest.mark.parametrize(("section", "said", "told"), FAULTS)
def test_what_does_not_fit_is_told(section: type[Section], said: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        section.model_validate(said)


def test_acme_stands_alone_or_beside_an_issuer_of_the_rest() -> None:
    for beside in ({}, {"authority": "ca.pem"}, {"command": ("ask",)}):
        assert RenewalSettings.model_validate({"acme": ACME, **beside}).acme
