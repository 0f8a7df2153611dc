"""Each fault of gateway.yaml, at its line, in its words."""

import pytest

SYSTEM = "regions.440100.systems.g2"
CHANGES = {
    "version": ("version: 1", "version: 2", "gateway.yaml:1:10: version: is none of the values allowed here; write 1"),
    "log": (
        "log.gateway.test/2026h2",
        "Log",
        "gateway.yaml:2:6: log: must be a log's name;"
        " write it as a host name and a path in small letters, such as log.gateway.test/2026h2",
    ),
    "key of the front door": (
        "{address: ",
        "{adress: ",
        "gateway.yaml:3:10: listen.adress: unknown key 'adress'; did you mean 'address'? "
        "Known: address, certificate, connections, front_proxy, key",
    ),
    "metrics for everybody": (
        "127.0.0.1:9464",
        "0.0.0.0:9464",
        "gateway.yaml:4:20: metrics.address: must be an address of this machine only, for nobody has to log in there;"
        ' write it as "127.0.0.1:9464"',
    ),
    "region without quotes": (
        '"440100":',
        "440100:",
        "gateway.yaml:6:3: regions: the key '440100' must be a text; put it between quotes: \"440100\"",
    ),
    "abandoned region": (
        '"440100":',
        '"440102":',
        "gateway.yaml:6:3: regions.440102: '440102' is no division in force;"
        ' write its six digits of GB/T 2260 between quotes, such as "440100"',
    ),
    "plain http": (
        "https://127.0.0.1:9001",
        "http://127.0.0.1:9001",
        f"gateway.yaml:13:14: {SYSTEM}.url: must be an https URL;"
        " write it as https://host:port, or for a front-end database as postgresql://host:port/database or sqlite:///path;"
        " personal data never goes over plain http",
    ),
    "duration without a unit": (
        "timeout: 8s",
        "timeout: 8",
        f'gateway.yaml:18:18: {SYSTEM}.timeout: must be a duration with its unit; write it as "500ms", "20s" or "2m"',
    ),
    "inline secret": (
        "{file: secrets/g2-paasid}",
        "hunter2",
        f"gateway.yaml:20:31: {SYSTEM}.credentials.paasid: a secret must not stand in this file;"
        " write {file: path} or {env: NAME}, and renew the secret if this file was shown to anybody",
    ),
    "inline secret with a key": (
        "{file: secrets/g2-paasid}",
        "{value: hunter2}",
        f"gateway.yaml:20:31: {SYSTEM}.credentials.paasid: must name either a file or a variable;"
        " write {file: path} or {env: NAME}, and renew the secret if this file was shown to anybody",
    ),
    "two places of a secret": (
        "{file: secrets/g2-paasid}",
        "{file: a, env: B}",
        f"gateway.yaml:20:31: {SYSTEM}.credentials.paasid: must name either a file or a variable;"
        " write {file: path} or {env: NAME}, and renew the secret if this file was shown to anybody",
    ),
    "no agreements": (
        "agreements: [agreements]",
        "agreements: []",
        "gateway.yaml:34:13: agreements: names nothing; name at least one, or take out what holds it",
    ),
    "no time for the city": (
        "minimum_deadline: 500ms",
        "minimum_deadline: 250ms",
        "gateway.yaml:36:9: limits: minimum_deadline must be longer than answer_margin, or the city has no time; raise it",
    ),
    "deadlines out of order": (
        "maximum_deadline: 1m",
        "maximum_deadline: 10s",
        "gateway.yaml:36:9: limits: default_deadline must lie between minimum_deadline and maximum_deadline;"
        " change one of the three",
    ),
    "an off switch": (
        "version: 1",
        "version: 1\ninsecure: true",
        "gateway.yaml:2:1: insecure: unknown key 'insecure'; known:"
        " agreements, catalogue, console, deny_list, interfaces, ledger, limits, listen, log, metrics,"
        " regions, renewal, search_rights, state, strict_identifiers, tables, traces, version",
    ),
}


@pytest.mark.parametrize(("old", "new", "told"), CHANGES.values(), ids=CHANGES)
def test_fault(site, old: str, new: str, told: str):
    site.change("gateway.yaml", old, new)
    assert told in site.messages()


def test_a_region_without_systems_answers_nobody(site):
    text = (site.folder / "gateway.yaml").read_text(encoding="utf-8")
    start, end = text.index("    systems:\n      f1:"), text.index("catalogue:")
    site.write("gateway.yaml", f"{text[:start]}    systems: {{}}\n{text[end:]}")
    assert (
        "gateway.yaml:25:14: regions.440600.systems: names nothing; name at least one, or take out what holds it"
        in site.messages()
    )


def test_defaults(site):
    site.change("gateway.yaml", "limits: {default_deadline: 20s, maximum_deadline: 1m, minimum_deadline: 500ms}\n", "")
    site.change("gateway.yaml", 'metrics: {address: "127.0.0.1:9464"}\n', "")
    settings = site.load().settings
    assert settings.metrics is None
    assert settings.strict_identifiers is False
    limits = settings.limits
    assert (limits.default_deadline, limits.maximum_deadline, limits.minimum_deadline, limits.answer_margin) == (
        20,
        60,
        0.5,
        0.25,
    )
    system = settings.regions["440600"].systems["f1"]
    assert (system.timeout, system.connections, system.server_name, dict(system.credentials)) == (10, 64, None, {})


def test_settings_cannot_be_changed(site):
    settings = site.load().settings
    with pytest.raises(ValueError, match="frozen"):
        settings.log = "other"
    with pytest.raises(TypeError):
        settings.regions["440100"].systems["other"] = None


AUDITOR = "spiffe://guangzhou.test/administrator/audit-1"
WHOLE = f"""
console:
  address: 0.0.0.0:9465
  certificate: {{file: pki/gateway.crt}}
  key: {{file: pki/gateway.key}}
  authorities: {{file: pki/guangzhou-ca.crt}}
  roles: {{audit: [{AUDITOR}], system: [spiffe://guangzhou.test/administrator/system-1]}}
"""
CONSOLES = {
    "open to everybody": ("console: {address: 0.0.0.0:9465}", "console: without mutual TLS it must listen on this machine only"),
    "half of TLS": (
        WHOLE.replace("  authorities: {file: pki/guangzhou-ca.crt}\n", ""),
        "console: mutual TLS needs certificate, key",
    ),
    "for nobody": (WHOLE.replace(WHOLE.split("roles: ")[1], "{}\n"), "console.roles: names nobody"),
    "two roles in one hand": (
        WHOLE.replace("administrator/system-1", "administrator/audit-1"),
        "console.roles: names somebody twice",
    ),
    "a person's name": (WHOLE.replace(AUDITOR, "Zhang"), "console.roles.audit[0]: must be a SPIFFE name"),
    "another's key": (WHOLE.replace("pki/gateway.key", "pki/other.key"), "console.key: "),
    "a leaf for an authority": (WHOLE.replace("pki/guangzhou-ca.crt", "pki/gateway.crt"), "console.authorities: "),
}


@pytest.mark.parametrize(("text", "told"), CONSOLES.values(), ids=CONSOLES)
def test_a_console_that_would_be_open_or_nobodys_is_refused(site, text: str, told: str):
    site.write("gateway.yaml", (site.folder / "gateway.yaml").read_text(encoding="utf-8") + text)
    assert any(told in each for each in site.messages()), site.messages()


def test_a_console(site):
    before = (site.folder / "gateway.yaml").read_text(encoding="utf-8")
    site.write("gateway.yaml", f"{before}\nconsole: {{address: 127.0.0.1:9465}}\n")
    assert (site.load().console, site.load().settings.console.address.port) == (None, 9465)
    site.write("gateway.yaml", before + WHOLE)
    assert site.load().console.roles[AUDITOR] == "audit"
