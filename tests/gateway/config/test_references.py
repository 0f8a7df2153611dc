"""Files and variables that gateway.yaml refers to are taken only as they may be."""

import pytest

CHANGES = {
    "no such certificate": (
        "certificate: {file: pki/gateway.crt}, key",
        "certificate: {file: pki/gatway.crt}, key",
        "gateway.yaml:3:57: listen.certificate.file: pki/gatway.crt does not exist; make it, or correct the path",
    ),
    "a folder for a file": (
        "key: {file: pki/gateway.key}}",
        "key: {file: pki}}",
        "gateway.yaml:3:87: listen.key.file: pki is a folder; name a file",
    ),
    "no such variable": (
        "KUACHENG_G2_TOKEN",
        "KUACHENG_G3_TOKEN",
        "gateway.yaml:20:71: regions.440100.systems.g2.credentials.token.env:"
        " the variable KUACHENG_G3_TOKEN is unset, empty or more than one line of text; set it",
    ),
    "another's key": (
        "key: {file: pki/gateway.key}}",
        "key: {file: pki/other.key}}",
        "pki/other.key:1:1: listen.key: the private key does not belong to its certificate; name the pair that was made together",
    ),
}


@pytest.mark.parametrize(("old", "new", "told"), CHANGES.values(), ids=CHANGES)
def test_fault(site, old: str, new: str, told: str):
    site.change("gateway.yaml", old, new)
    assert site.messages() == [told]


@pytest.mark.parametrize("name", ["pki/gateway.key", "secrets/g2-paasid", "secrets/holder.key"])
def test_a_secret_that_others_may_read_is_refused(site, name: str):
    (site.folder / name).chmod(0o640)
    told = site.messages()
    assert told
    assert all(
        f"{name} holds a secret and is open to others than its owner (mode 640); chmod 600 {name}" in each for each in told
    )


@pytest.mark.parametrize("content", [b"", b"\n", b"two\nlines\n", b"\xff\xfe", b"nul\x00"])
def test_a_secret_is_one_line_of_text(site, content: bytes):
    site.write("secrets/g2-paasid", content)
    assert site.messages() == [
        "gateway.yaml:20:38: regions.440100.systems.g2.credentials.paasid.file:"
        " secrets/g2-paasid is unset, empty or more than one line of text; set it"
    ]


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_one_line_end_is_no_part_of_a_secret(site, ending: str):
    site.write("secrets/g2-paasid", f" 密 spaces {ending}")
    assert site.load().systems["guangzhou.g2"].credentials["paasid"] == " 密 spaces "
