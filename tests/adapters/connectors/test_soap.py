"""SOAP around a document: what goes out, and what comes in from a city that is not to be believed."""

import gc
import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from adapters.connectors.soap import Envelope
from adapters.connectors.xml_text import parse_xml, read_xml, text_of, write_xml
from gateway.model.refusal import Blame, Reason, Refusal
from tests.fuzzing import TIMES

ENVELOPE = Envelope(
    system="city.s1",
    namespace="urn:city",
    parameter="xmlParam",
    value="return",
    charset="gb18030",
    declared="gb2312",
    known_as=frozenset({"gb2312", "gb18030"}),
)
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
GOOD = '<?xml version="1.0" encoding="gb2312"?><response><name>何㛃𬭎</name></response>'
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="￾￿"), max_size=20)


def answer(document: str, *, operation: str = "ask", prolog: str = '<?xml version="1.0" encoding="gb2312"?>') -> str:
    inner = document.replace("&", "&amp;").replace("<", "&lt;")
    body = f'<r:{operation}Response xmlns:r="urn:city"><return>{inner}</return></r:{operation}Response>'
    return f'{prolog}<s:Envelope xmlns:s="{SOAP}"><s:Body>{body}</s:Body></s:Envelope>'


def refused(body: bytes) -> Refusal:
    gc.disable()  # what the tests before have left is not looked through on its account
    try:
        started = time.thread_time()
        with pytest.raises(Refusal) as caught:
            ENVELOPE.open("ask", body)
        took = time.thread_time() - started
    finally:
        gc.enable()
    assert took < 1
    assert caught.value.blame is Blame.COUNTERPARTY
    return caught.value


def test_the_document_within_the_envelope() -> None:
    root = ENVELOPE.open("ask", answer(GOOD).encode("gb18030"))
    assert (root.tag, text_of(root, "name", "here")) == ("response", "何㛃𬭎")


@pytest.mark.parametrize(
    "text",
    [
        answer(GOOD).replace("&lt;?xml", "<![CDATA[<?xml").replace("&lt;", "<").replace("</return>", "]]></return>"),
        answer(GOOD, prolog=""),
        answer(GOOD, prolog='<?xml version="1.0" encoding="GB18030"?>'),
        answer(GOOD, prolog='<?xml version="1.0"?>\n<!-- a note -->'),
        answer("<response><name> 何㛃𬭎\n</name></response>"),
    ],
)
def test_other_spellings_of_the_same(text: str) -> None:
    assert text_of(ENVELOPE.open("ask", text.encode("gb18030")), "name", "here") == "何㛃𬭎"


@given(
    st.dictionaries(
        st.text("abc", min_size=1, max_size=2),
        TEXTS | st.dictionaries(st.text("xyz", min_size=1, max_size=1), TEXTS, min_size=1),
        min_size=1,
    )
)
def test_what_goes_out_can_be_read_again(tree: dict[str, str | dict[str, str]]) -> None:
    sent = ENVELOPE.compose("ask", f"<request>{write_xml(tree)}</request>")  # type: ignore[arg-type]
    assert sent.startswith(b'<?xml version="1.0" encoding="gb2312"?>')
    text = sent.decode("gb18030").removeprefix('<?xml version="1.0" encoding="gb2312"?>')
    parameter = etree.fromstring(text).findtext(f"{{{SOAP}}}Body/{{urn:city}}ask/xmlParam")
    assert parameter is not None
    declaration, _, document = parameter.partition("?>")
    assert declaration == '<?xml version="1.0" encoding="gb2312"'
    trimmed = {
        name: {key: text.strip() for key, text in part.items()} if isinstance(part, dict) else part.strip()
        for name, part in tree.items()
    }
    assert read_xml(parse_xml(document, frozenset(), "here"), "here") == trimmed


@pytest.mark.parametrize("character", ["\x00", "\x0b", "￿", "\ud800"])
def test_what_xml_cannot_carry_is_the_callers_fault(character: str) -> None:
    with pytest.raises(Refusal) as caught:
        ENVELOPE.compose("ask", write_xml({"name": f"a{character}"}))
    assert (caught.value.reason, len(caught.value.violations)) == (Reason.INVALID_REQUEST, 1)


BOMB = (
    '<!DOCTYPE r [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {n} "{f"&{p};" * 10}">' for p, n in zip("abcdefghi", "bcdefghij", strict=True))
    + "]>"
)
EXTERNAL = '<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/hostname">]>'


@pytest.mark.parametrize(
    "text",
    [
        answer(GOOD).replace("<s:Envelope", f"{BOMB}<s:Envelope"),
        answer(f"{BOMB}<response><name>&j;</name></response>"),
        answer(GOOD).replace("<s:Envelope", f"{EXTERNAL}<s:Envelope"),
        answer(f"{EXTERNAL}<response><name>&a;</name></response>"),
        answer('<!DOCTYPE response SYSTEM "http://127.0.0.1:1/x.dtd"><response/>'),
    ],
)
def test_a_document_type_is_refused(text: str) -> None:
    assert "document type" in refused(text.encode("gb18030")).detail


def test_a_document_type_in_another_charset_gets_no_further() -> None:
    for charset in ("utf-16", "utf-32", "utf-7", "cp037"):
        refused(answer(f"{EXTERNAL}<response><name>&a;</name></response>").encode(charset))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xff",
        b"<a>",
        answer(GOOD).encode("utf-8"),
        answer(GOOD, prolog='<?xml version="1.0" encoding="UTF-8"?>').encode("gb18030"),
        answer(GOOD.replace("gb2312", "big5")).encode("gb18030"),
        answer(GOOD).encode("gb18030")[:-40],
        answer("<response>").encode("gb18030"),
        answer("<response>&undefined;</response>").encode("gb18030"),
        answer(GOOD, operation="another").encode("gb18030"),
        answer(GOOD).replace("urn:city", "urn:another").encode("gb18030"),
        answer(GOOD).replace("schemas", "schema").encode("gb18030"),
        answer(GOOD).replace("<return>", "<return/><return>").encode("gb18030"),
        answer(GOOD).replace("<s:Body>", "<s:Body><a/>").encode("gb18030"),
        answer("<a>" + "<b/>" * 200_000 + "</a>").encode("gb18030"),
    ],
)
def test_no_answer(body: bytes) -> None:
    assert refused(body).reason is Reason.CITY_ANSWER_INVALID


def test_depth_is_judged_where_it_is_read() -> None:
    root = ENVELOPE.open("ask", answer("<a>" * 5000 + "</a>" * 5000).encode("gb18030"))
    with pytest.raises(Refusal, match="CITY_ANSWER_INVALID"):
        read_xml(root, "here")


@pytest.mark.parametrize(
    ("code", "reason", "status"),
    [
        ("s:Client", Reason.CITY_REFUSED, "soap-Client"),
        ("s:Client.Authentication", Reason.CITY_REFUSED, "soap-Client"),
        ("Server", Reason.CITY_UNAVAILABLE, "soap-Server"),
        ("s:MustUnderstand", Reason.CITY_ANSWER_INVALID, ""),
        ("", Reason.CITY_ANSWER_INVALID, ""),
    ],
)
def test_a_fault(code: str, reason: Reason, status: str) -> None:
    fault = f"<s:Fault><faultcode>{code}</faultcode><faultstring>何</faultstring></s:Fault>"
    found = refused(f'<s:Envelope xmlns:s="{SOAP}"><s:Body>{fault}</s:Body></s:Envelope>'.encode("gb18030"))
    assert (found.reason, found.city_status) == (reason, status)
    assert "何" not in found.detail


@settings(max_examples=80 * TIMES)
@given(st.binary(max_size=200), st.integers(0, 400), st.integers(0, 40))
def test_a_document_or_a_refusal(noise: bytes, place: int, cut: int) -> None:
    true = answer(GOOD).encode("gb18030")
    for body in (noise, true[:place] + noise + true[place + cut :]):
        refusal = None
        try:
            ENVELOPE.open("ask", body)
        except Refusal as caught:
            refusal = caught
        assert refusal is None or refusal.blame is Blame.COUNTERPARTY


def test_another_charset_is_a_knob() -> None:
    plain = replace(ENVELOPE, charset="ascii", declared="US-ASCII", known_as=frozenset({"us-ascii"}))
    text = answer("<response><name>a</name></response>", prolog='<?xml version="1.0" encoding="us-ascii"?>')
    assert text_of(plain.open("ask", text.encode()), "name", "here") == "a"
