"""What gateway.yaml refers to of the front door, the regions and their systems: found, looked at, and never told."""

import pytest

from gateway.config import ConfigError


def test_material_is_read(site, pki):
    loaded = site.load()
    assert loaded.server.certificate == pki.files["gateway.crt"]
    assert loaded.server.key == pki.files["gateway.key"]
    system = loaded.systems["guangzhou.g2"]
    assert (system.region, system.url, system.server_name) == ("440100", "https://127.0.0.1:9001", "guangzhou.test")
    assert (system.timeout, system.connections) == (8.0, 32)
    assert dict(system.credentials) == {"paasid": "paas-41f0", "token": "token-7c1e"}
    assert system.authorities == pki.files["guangzhou-ca.crt"]
    assert (system.certificate, system.key) == (str(site.folder / "pki/gateway.crt"), str(site.folder / "pki/gateway.key"))
    assert loaded.systems["foshan.f1"].server_name == "foshan.test"
    assert loaded.world.holder_key.secret == bytes(range(32))
    assert loaded.ledger == site.folder / "ledger.db"


def test_no_repr_tells_a_secret(site, pki):
    loaded = site.load()
    told = repr(loaded) + repr(loaded.systems) + repr(loaded.server) + repr(loaded.world.holder_key) + repr(loaded.settings)
    for secret in ("paas-41f0", "token-7c1e", repr(bytes(range(32))), pki.files["gateway.key"].decode()[40:80]):
        assert secret not in told


CHANGES = {
    "a key for authorities": (
        "authorities: {file: pki/foshan-ca.crt}\n    systems",
        "authorities: {file: pki/gateway.key}\n    systems",
        "pki/gateway.key:1:1: regions.440600.authorities: holds no certificate that can be read; write it as PEM",
    ),
    "one authority for two regions": (
        "authorities: {file: pki/foshan-ca.crt}\n    systems",
        "authorities: {file: pki/guangzhou-ca.crt}\n    systems",
        "gateway.yaml:24:18: regions.440600.authorities: an authority stands here that already speaks for the region 440100;"
        " give each region a CA of its own",
    ),
}


@pytest.mark.parametrize(("old", "new", "told"), CHANGES.values(), ids=CHANGES)
def test_fault(site, old: str, new: str, told: str):
    site.change("gateway.yaml", old, new)
    assert site.messages() == [told]


def test_no_problem_tells_a_secret(site):
    site.write("secrets/log.key", "hunter2")
    site.write("secrets/g2-paasid", "hunter2\nhunter2\n")
    site.write("secrets/holder.key", "hunter2")
    site.write("pki/gateway.key", "hunter2")
    site.environment["KUACHENG_G2_TOKEN"] = "hunter2\n"
    with pytest.raises(ConfigError) as caught:
        site.load()
    assert len(caught.value.problems) == 7
    assert "hunter2" not in str(caught.value) + repr(caught.value)
