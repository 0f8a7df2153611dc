from gateway.config.document import dotted
from gateway.config.effective import effective
from gateway.config.settings import Settings


def rows(site) -> dict[str, tuple[str, str]]:
    return {row.key: (row.value, row.origin.replace(f"{site.folder}/", "")) for row in effective(site.load())}


def test_values_are_shown_as_written_with_their_origin(site):
    found = rows(site)
    assert found["log"] == ("log.gateway.test/2026h2", "gateway.yaml:2")
    assert found["limits.minimum_deadline"] == ("500ms", "gateway.yaml:36")
    assert found["regions.440100.systems.g2.timeout"] == ("8s", "gateway.yaml:18")
    assert found["catalogue[0]"] == ("shipped", "gateway.yaml:32")


def test_defaults_are_shown_too(site):
    found = rows(site)
    assert found["limits.answer_margin"] == ("250ms", "default")
    assert found["regions.440600.systems.f1.timeout"] == ("10s", "default")
    assert found["regions.440600.systems.f1.server_name"] == ("none", "default")
    assert found["strict_identifiers"] == ("false", "default")
    assert found["search_rights"] == ("none", "default")


def test_secrets_are_masked_and_their_source_is_told(site):
    found = rows(site)
    credentials = "regions.440100.systems.g2.credentials"
    assert found[f"{credentials}.paasid"] == ("***", "gateway.yaml:20 (file secrets/g2-paasid)")
    assert found[f"{credentials}.token"] == ("***", "gateway.yaml:20 (env KUACHENG_G2_TOKEN)")
    assert not any("paas-41f0" in str(row) or "token-7c1e" in str(row) for row in found.items())


def test_every_value_of_the_file_is_there(site):
    document = site.load().document
    written = {path for path in document.marks if not isinstance(document.at(path), dict | tuple)}
    shown = set(rows(site))
    masked = {path for path in written if "credentials" in path}
    assert {dotted(path) for path in written - masked} <= shown
    assert {key.split(".")[0].split("[")[0] for key in shown} == set(Settings.model_fields)
