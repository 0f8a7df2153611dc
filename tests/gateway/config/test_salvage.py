"""A fault in gateway.yaml hides none in the files that it names."""


def test_other_files_are_read_though_gateway_yaml_is_at_fault(site):
    site.change("gateway.yaml", "version: 1", "version: 9")
    site.change("agreements/both.yaml", "months_paid", "month_paid")
    site.change("tables/business-licence.yaml", "{from: clrq}", "{form: clrq}")
    assert sorted({each.split(":")[0] for each in site.messages()}) == [
        "agreements/both.yaml",
        "gateway.yaml",
        "tables/business-licence.yaml",
    ]


def test_regions_that_cannot_be_read_are_not_called_unknown(site):
    site.change("gateway.yaml", "regions:\n", "region:\n")
    assert [each.split(": ")[1] for each in site.messages()] == ["regions", "region"]


def test_a_list_that_is_none_is_told_once(site):
    site.change("gateway.yaml", "agreements: [agreements]", "agreements: {a: b}")
    assert site.messages() == ["gateway.yaml:34:13: agreements: must be a list; write [a, b], or one item a line with a dash"]


def test_an_adapter_asks_one_system(site):
    site.change("gateway.yaml", "connector: foshan.f1", "connector: guangzhou.g2")
    told = site.messages()
    assert (
        "gateway.yaml:27:20: regions.440600.systems.f1.connector: the adapter 'guangzhou.g2' stands also at gateway.yaml:12:20;"
        " ask each adapter for one system"
    ) in told


def test_a_trust_domain_belongs_to_one_region(site):
    site.change("gateway.yaml", "trust_domain: foshan.test", "trust_domain: guangzhou.test")
    assert site.messages() == [
        "gateway.yaml:23:19: regions.440600.trust_domain: the trust domain 'guangzhou.test' stands also at gateway.yaml:8:19;"
        " give each region one of its own"
    ]
