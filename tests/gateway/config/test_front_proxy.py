"""A front proxy that would always be refused is told when the configuration is read."""

from typing import Any

import pytest

LISTEN = 'listen: {address: "127.0.0.1:8443",'
HINT = (
    "write spiffe://<a region's trust_domain>/department/<your credit code>/system/<name>, "
    "of a region whose CA you would believe about any caller"
)
NAME = "spiffe://guangzhou.test/department/11440100M00000019P/system/front"


def named(site: Any, name: str) -> Any:
    site.change("gateway.yaml", LISTEN, f'{LISTEN} front_proxy: "{name}",')
    return site


def test_nobody_is_the_front_proxy_unless_named(site: Any) -> None:
    assert site.load().world.trust.front_proxy == ""
    assert named(site, NAME).load().world.trust.front_proxy == NAME


def test_it_judges_so_the_edition_tells_it(site: Any) -> None:
    before = site.load().world
    after = named(site, NAME).load().world
    assert before.edition != after.edition


@pytest.mark.parametrize(
    ("name", "detail"),
    [
        ("spiffe://guangzhou.test/front", "the URI is not spiffe://<trust domain>/department/<credit code>/system/<name>"),
        (NAME.replace("guangzhou", "shenzhen"), "no region has the trust domain that the URI names"),
        (NAME.replace("19P", "19Q"), "the department in the URI is no unified social credit code"),
    ],
)
def test_a_name_that_no_caller_could_have_is_told(site: Any, name: str, detail: str) -> None:
    (told,) = named(site, name).messages()
    assert told == f"gateway.yaml:3:50: listen.front_proxy: {detail}; {HINT}"
