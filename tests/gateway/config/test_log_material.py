"""Where the log lies, whose keys sign it and hide holders, and who witnesses it, as gateway.yaml names them."""

import pytest


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


FORMER = "holder_key: {id: hk-2026, file: secrets/holder.key, former: [%s]}}"


def former(site, *keys: str) -> None:
    site.write("secrets/old.key", b"o" * 32)
    site.change("gateway.yaml", "holder_key: {id: hk-2026, file: secrets/holder.key}}", FORMER % ", ".join(keys))


def test_former_holder_keys_are_read_and_stay_secret(site):
    former(site, "{id: hk-2025, file: secrets/old.key}")
    world = site.load().world
    assert [(each.id, each.secret) for each in world.holder_keys] == [("hk-2026", bytes(range(32))), ("hk-2025", b"o" * 32)]
    assert "oooo" not in repr(world)


@pytest.mark.parametrize("name", ["hk-2026", "hk-2025"])
def test_a_name_stands_for_one_holder_key(site, name: str):
    former(site, "{id: hk-2025, file: secrets/old.key}", f"{{id: {name}, file: secrets/old.key}}")
    (message,) = site.messages()
    assert f"ledger.holder_key.former[1].id: the name {name} stands for another holder key already" in message


def test_a_former_key_is_as_long_and_as_well_kept_as_the_one_in_use(site):
    former(site, "{id: hk-2025, file: secrets/old.key}")
    site.write("secrets/old.key", b"o" * 31)
    assert "former[0].file: the key is shorter than 32 bytes" in site.messages()[0]
    site.write("secrets/old.key", b"o" * 32, mode=0o644)
    assert "former[0].file" in site.messages()[0]


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
