from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from gateway.config import words
from gateway.model.retention import Retention

GOOD = [
    (words.Duration, "500ms", 0.5),
    (words.Duration, "20s", 20.0),
    (words.Duration, "2m", 120.0),
    (words.Duration, "1.5s", 1.5),
    (words.Kept, "3y", Retention(36)),
    (words.Kept, "6mo", Retention(6)),
    (words.Listening, "127.0.0.1:0", words.Address("127.0.0.1", 0)),
    (words.Listening, "[::1]:8443", words.Address("::1", 8443)),
    (words.Listening, "gateway.test:65535", words.Address("gateway.test", 65535)),
    (words.Loopback, "127.0.0.9:1", words.Address("127.0.0.9", 1)),
    (words.Loopback, "localhost:1", words.Address("localhost", 1)),
    (words.Loopback, "[::1]:1", words.Address("::1", 1)),
    (words.Url, "https://city.test:9001/", "https://city.test:9001"),
    (words.Url, "https://city.test/a/b", "https://city.test/a/b"),
    (words.Day, "2026-02-28", date(2026, 2, 28)),
    (words.RegionCode, "440100", "440100"),
    (words.RegionCode, "310000", "310000"),
    (words.LogName, "log.gateway.test/2026h2", "log.gateway.test/2026h2"),
    (words.Connector, "guangzhou.g2", "guangzhou.g2"),
]

BAD = [
    (words.Duration, [20, 20.0, "20", "0s", "-1s", "1w", "s", "", None, True, "20 s", "1.2345s"], "must be"),
    (words.Kept, ["", "3", "3m", "0y", 3, None, "36 months"], "years or months"),
    (words.Kept, ["5mo", "1mo"], "shorter than 6 months, for which the Cybersecurity Law"),
    (words.Listening, [8443, "8443", "host", "host:", "host:65536", "::1:80", ":80", "a b:80", None], "an address and a port"),
    (words.Loopback, ["0.0.0.0:1", "10.0.0.1:1", "[::]:1", "gateway.test:1", "localhost.test:1"], "this machine only"),
    (words.Url, ["http://a", "https://", "//a", "a", "https://a:x", "https://a:99999", "https://[", "https://a b"], "https URL"),
    (words.Url, ["https://user:pass@a", "https://a?k=v", "https://a#b"], "a host and a path only"),
    (words.Day, ["2026-02-30", "20260901", "2026-9-1", "1999-12-31", "2200-01-01", "", 20260901, "２０２６-09-01"], "a day"),
    (words.RegionCode, ["440102", "440199", "940000", "44010", "", "44010a"], "no division in force"),
    (words.Department, ["11440600MB2D3E5F52", "11440600mb2d3e5f51", "1144"], "unified social credit code"),
    (words.LogName, ["Log.test", "log test", "log.test/", "log+1", ""], "a log's name"),
    (words.Connector, ["g2", "Guangzhou.g2", "guangzhou.", "a.b.c"], "an adapter's name"),
    (words.CallerSystem, ["*", "Window", "-a", ""], "certificate"),
    (words.AgreementId, ["*", "", " a", "a b"], "agreement's name"),
    (words.Variable, ["$TOKEN", "A B", "", "1A"], "the name of an environment variable"),
    (words.Named, ["*", "number*"], "wildcard"),
    (words.Text, [" a", "a ", "a\nb", "\x00"], "spaces at its ends or control characters"),
]


@pytest.mark.parametrize(("kind", "written", "value"), GOOD)
def test_good(kind: object, written: str, value: object):
    assert TypeAdapter(kind).validate_python(written) == value


@pytest.mark.parametrize(("kind", "written", "told"), [(kind, each, told) for kind, texts, told in BAD for each in texts])
def test_bad(kind: object, written: object, told: str):
    with pytest.raises(ValidationError, match=told):
        TypeAdapter(kind).validate_python(written)


KINDS = [words.Duration, words.Listening, words.Loopback, words.Url, words.Day, words.RegionCode, words.Department, words.LogName]


@given(st.sampled_from(KINDS), st.text(max_size=40) | st.integers() | st.none() | st.binary(max_size=5))
def test_anything_is_a_value_or_a_fault(kind: object, written: object):
    adapter = TypeAdapter(kind)
    try:
        faults = 0 if adapter.validate_python(written) is not None else -1
    except ValidationError as error:
        faults = error.error_count()
    assert faults in {0, 1}


@given(st.integers(0, 65535), st.sampled_from(["127.0.0.1", "::1", "gateway.test"]))
def test_an_address_is_read_as_it_is_shown(port: int, host: str):
    address = words.Address(host, port)
    assert TypeAdapter(words.Listening).validate_python(str(address)) == address
