"""What gateway.yaml refers to: found, looked at, and never told."""

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


def test_a_holder_key_is_taken_byte_for_byte(site):
    site.write("secrets/holder.key", b"k" * 31 + b"\n")
    assert site.load().world.holder_key.secret == b"k" * 31 + b"\n"


def test_a_short_holder_key_is_refused(site):
    site.write("secrets/holder.key", b"k" * 31)
    assert site.messages() == [
        "gateway.yaml:35:89: ledger.holder_key.file: the key is shorter than 32 bytes, so holders' numbers could be guessed"
        " from the log; make one with `openssl rand -out FILE 32`"
    ]


def test_the_log_is_signed_by_one_key_or_by_two(site, pki):
    assert site.load().log_keys == (pki.files["log.key"],)
    site.write("secrets/next.key", pki.files["next.key"])
    site.change("gateway.yaml", "secrets/log.key}", "secrets/log.key}, next_key: {file: secrets/next.key}")
    assert site.load().log_keys == (pki.files["log.key"], pki.files["next.key"])
    assert "PRIVATE KEY" not in repr(site.load())


def test_each_key_of_the_log_is_looked_at(site, pki):
    site.write("secrets/log.key", pki.files["gateway.key"])
    site.write("secrets/next.key", pki.files["next.key"], 0o640)
    site.change("gateway.yaml", "secrets/log.key}", "secrets/log.key}, next_key: {file: secrets/next.key}")
    rights, kind = site.messages()
    assert kind.startswith("secrets/log.key:1:1: ledger.key: holds no Ed25519 key")
    assert "ledger.next_key.file: " in rights
    assert "is open to others than its owner (mode 640)" in rights


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


WITNESSES = "hk-2026, file: secrets/holder.key}, witnesses: {policy: {file: w.policy}, kept: {file: kept/note}%s}"


def witnessed(site, further=""):
    site.change("gateway.yaml", "hk-2026, file: secrets/holder.key}", WITNESSES % further)


DATABASE = "ledger: {postgresql: {database: evidence, user: gateway, %s}, key"


def stored(site, where):
    site.change("gateway.yaml", "ledger: {file: ledger.db, key", DATABASE % where)


def test_a_log_in_postgresql_is_reached_over_tls_with_what_the_servers_need(site):
    stored(
        site,
        'schema: log_2026h2, servers: ["db-1.test:5432", "db-2.test:5433"], authorities: {file: pki/foshan-ca.crt}, '
        "password: {env: DB}, certificate: {file: pki/gateway.crt}, key: {file: pki/gateway.key}",
    )
    site.environment["DB"] = "a password"
    found = site.load().ledger
    assert [(each.host, each.port) for each in found.servers] == [("db-1.test", 5432), ("db-2.test", 5433)]
    assert (found.name, found.user, found.schema, found.password) == ("evidence", "gateway", "log_2026h2", "a password")
    files = (found.authorities, found.certificate, found.key)
    assert files == tuple(site.folder / "pki" / each for each in ("foshan-ca.crt", "gateway.crt", "gateway.key"))
    assert "a password" not in repr(found)


def test_a_log_in_postgresql_is_reached_by_a_socket_on_this_machine(site):
    stored(site, "socket: run")
    found = site.load().ledger
    assert (found.servers, found.socket, found.schema, found.password) == ((), site.folder / "run", "kuacheng", "")


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("schema: s", "must name either servers or a socket"),
        ('servers: ["a:1"], socket: s', "must name either servers or a socket"),
        ('servers: ["db.test:5432"]', "servers need authorities: their certificates are always verified"),
        ('servers: ["db.test"], authorities: {file: pki/foshan-ca.crt}', "must be a host name and a port"),
        ("socket: s, certificate: {file: pki/gateway.crt}", "certificate and key belong together"),
        ("socket: s, password: geheim", "a secret must not stand in this file"),
        ("socket: s, schema: Log-1", "the name of a schema"),
        ("socket: s, sslmode: disable", "unknown key 'sslmode'"),
    ],
)
def test_a_database_that_cannot_be_reached_safely_is_refused(site, where, message):
    stored(site, where)
    (told,) = site.messages()
    assert message in told


@pytest.mark.parametrize("stores", ["", "file: ledger.db, postgresql: {database: d, user: u, socket: s}, "])
def test_the_log_is_in_one_store(site, stores):
    site.change("gateway.yaml", "ledger: {file: ledger.db, ", f"ledger: {{{stores}")
    (told,) = site.messages()
    assert "must name exactly one of file and postgresql" in told


def test_without_witnesses_there_are_none(site):
    assert site.load().witnesses is None


def test_the_witnesses_are_read_with_what_they_name(site, pki):
    witnessed(site, ", interval: 500ms, limit: 2m, authorities: {file: pki/foshan-ca.crt}")
    site.write("w.policy", "quorum none\n")
    site.write("kept/anything", "")
    found = site.load().witnesses
    assert (found.policy, found.kept) == ("quorum none\n", site.folder / "kept" / "note")
    assert (found.interval, found.limit, found.authorities) == (0.5, 120.0, pki.files["foshan-ca.crt"])


def test_everything_that_is_wrong_with_what_the_witnesses_name_is_told(site, pki):
    witnessed(site, ", authorities: {file: pki/gateway.crt}")
    site.write("w.policy", b"\xff")
    authorities, policy, kept = sorted(site.messages())[-1:] + sorted(site.messages())[:-1]
    assert "ledger.witnesses.authorities" in authorities
    assert "w.policy is not UTF-8 text" in policy
    assert "kept does not exist" in kept


def test_a_limit_that_one_late_round_would_break_is_refused(site):
    witnessed(site, ", interval: 20s, limit: 30s")
    site.write("w.policy", "quorum none\n")
    assert "limit must be at least twice the interval" in site.messages()[0]
