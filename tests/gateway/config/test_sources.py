import pytest


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "[agreements]",
            "[agreements, none]",
            "gateway.yaml:34:26: agreements[1]: none does not exist; make it, or correct the path",
        ),
        (
            "[tables]",
            "[pki]",
            "gateway.yaml:33:10: tables[0]: the folder pki holds no YAML file; put one there, or name another folder",
        ),
    ],
)
def test_a_list_that_leads_to_nothing_is_told_at_its_place(site, old: str, new: str, told: str):
    site.change("gateway.yaml", old, new)
    assert told in site.messages()


def test_a_file_named_twice_is_read_once(site):
    site.change("gateway.yaml", "[agreements]", "[agreements, agreements/both.yaml]")
    assert len(site.load().world.agreements["11440600MB2D3E5F51"]) == 2
