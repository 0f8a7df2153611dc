"""What an interface file may say; each fault is told with its place, and what to do."""

from pathlib import Path

import pytest

from adapters.connectors.signing import Digest, Part, Spelling
from gateway.config.document import read_document
from gateway.config.interface_file import read_interface
from gateway.config.interface_http import SignatureSection
from gateway.config.interface_parts import CipherSection, LevelSection
from gateway.config.problem import ConfigError
from gateway.model.interface import Family, Origin, Says

WRITTEN = Path(__file__).parents[2] / "adapters/configured/written"
PLAIN = """\
interface: guangzhou.aid
family: signed-rest
signature:
  digest: hmac-sm3
  parts: [account, moment]
  headers: {account: X-App, moment: X-Time, signature: X-Sign}
request:
  question: biz
  parts: {head.id: {from: nonce}}
answer:
  levels:
    - {at: code, codes: {"0": ok}}
  records: data
operations:
  aidRecord: {path: /query}
"""


def read(text: str):
    return read_interface(read_document("aid.yaml", text.encode())).interface


def messages(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(text)
    return [str(each) for each in caught.value.problems]


def test_a_plain_interface():
    interface = read(PLAIN)
    assert (interface.name, interface.family, interface.credentials) == (
        "guangzhou.aid",
        Family.SIGNED_REST,
        {"account", "secret"},
    )
    assert interface.operations == {"aidRecord"}
    assert interface.http.request.parts["head.id"].origin is Origin.NONCE
    assert interface.http.answer.levels[0].says == {"0": Says.OK}


@pytest.mark.parametrize(
    ("family", "credentials"),
    [
        ("signed-rest", {"account", "secret"}),
        ("token-rest", {"account", "secret", "token_key", "field_key"}),
        ("soap", {"account", "secret"}),
        ("xml-in-json", {"account", "secret"}),
        ("sealed", {"account", "cipher_key", "private_key", "platform_key"}),
        ("tables", {"account", "password"}),
    ],
)
def test_each_family_and_what_it_takes(family, credentials):
    interface = read((WRITTEN / f"{family}.yaml").read_text(encoding="utf-8"))
    assert (interface.family, interface.credentials, interface.operations) == (family, credentials, {"aidRecord"})
    assert (interface.http is None) is (family == "tables")


def test_the_words_of_the_file_are_those_of_the_connectors():
    assert set(SignatureSection.model_fields["digest"].annotation.__args__) == set(Digest)
    assert set(LevelSection.model_fields["codes"].annotation.__args__[1].__args__) == set(Says)
    assert set(CipherSection.model_fields["spelled"].annotation.__args__) == set(Spelling)
    assert set(SignatureSection.model_fields["parts"].annotation.__args__[0].__args__) == set(Part)


FAULTS = {
    "no family": ("family: signed-rest\n", "", "aid.yaml:1:1: family: the family is missing; add `family:` with one of sealed, "),
    "a family that is none": (
        "signed-rest",
        "signd-rest",
        "2:9: family: unknown family 'signd-rest'; did you mean 'signed-rest'? ",
    ),
    "a key of another family": (
        "answer:",
        "envelope: {}\nanswer:",
        "10:1: envelope: unknown key 'envelope'; known: answer, charset, ",
    ),
    "a misspelled key": (
        "question:",
        "qestion:",
        "8:3: request.qestion: unknown key 'qestion'; did you mean 'question'? Known: ",
    ),
    "two roles on one header": (
        "moment: X-Time",
        "moment: X-Sign",
        "6:29: signature.headers.moment: the header 'X-Sign' carries signature.headers.signature already; give each a header of its own",
    ),
    "two roles on one header in other letters": (
        "moment: X-Time",
        "moment: x-app",
        "6:29: signature.headers.moment: the header 'x-app' carries signature.headers.account already; give each ",
    ),
    "a header of the signature's": (
        "question: biz",
        "question: biz\n  headers: {x-sign: {constant: a}}",
        "9:13: request.headers.x-sign: the header 'x-sign' carries signature.headers.signature already; give each ",
    ),
    "a header twice": (
        "question: biz",
        "question: biz\n  headers: {X-A: {constant: a}, x-a: {constant: a}}",
        "9:33: request.headers.x-a: the header 'x-a' carries request.headers.X-A already; give each ",
    ),
    "no signature": (
        "digest: hmac-sm3\n  ",
        "",
        "3:1: signature.digest: the key is missing; add `digest:` (the digest; an hmac ",
    ),
    "a digest that signs nothing": ("hmac-sm3", "sm3", "4:3: signature: a plain digest without the secret signs nothing; add "),
    "a part that nobody carries": ("moment: X-Time, ", "", "4:3: signature: is made over the moment, which no header carries; "),
    "a secret in the file": ("{from: nonce}", "{secret: x}", "9:21: request.parts.head.id.secret: unknown key 'secret'; known: "),
    "two origins": (
        "{from: nonce}",
        "{from: nonce, constant: 1}",
        "9:20: request.parts.head.id: must have exactly one of constant, ",
    ),
    "a token of nobody": (
        "{from: nonce}",
        "{from: token}",
        "9:20: request.parts.head.id: there is no token here; only requests after ",
    ),
    "a moment that is none": (
        "{from: nonce}",
        '{from: moment, form: "%H"}',
        "9:41: request.parts.head.id.form: must be the form of a moment; ",
    ),
    "a form of a nonce": (
        "{from: nonce}",
        "{from: nonce, form: seconds}",
        "9:20: request.parts.head.id: `form` is that of a moment; ",
    ),
    "a part in the way": ("head.id", "biz", "9:11: request.parts.biz: stands in the way of another name; rename one of them"),
    "a part in the way, of one letter": (
        "question: biz\n  parts: {head.id",
        "question: b\n  parts: {b",
        "9:11: request.parts.b: stands in the way of ",
    ),
    "a part of an operation below one of all": (
        "{path: /query}",
        "{path: /query, parts: {head.id.x: {constant: 1}}}",
        "15:37: operations.aidRecord.parts.head.id.x: meets a part of `request`; rename one of them",
    ),
    "a part above another": (
        "{head.id:",
        "{head: {constant: 1}, head.id:",
        "9:11: request.parts.head: stands in the way of another name",
    ),
    "our own header": (
        "signature: X-Sign",
        "signature: Host",
        "6:45: signature.headers.signature: is a header that the gateway ",
    ),
    "an unknown meaning": (
        '"0": ok',
        '"0": okay',
        "12:31: answer.levels[0].codes.0: is none of the values allowed here; did you mean",
    ),
    "no code that is fine": (
        '"0": ok',
        '"0": refused',
        "12:7: answer.levels[0]: no code says that it is fine; add the city's code ",
    ),
    "an expiry without a log-in": (
        '"0": ok',
        '"0": ok, "1": expired',
        "12:40: answer.levels[0].codes.1: there is no `login` whose token could expire; write refused",
    ),
    "a level that may be missing at the end": (
        "at: code,",
        "at: code, optional: true,",
        "11:3: answer: the last level must be there, ",
    ),
    "an outer level that speaks of a holder": (
        '    - {at: code, codes: {"0": ok}}',
        '    - {at: a, codes: {"0": ok, "4": no-record}}\n    - {at: code, codes: {"0": ok}}',
        "11:3: answer: only the last level says no-record: those before it speak about the call; ",
    ),
    "a path with a query": (
        "path: /query",
        "path: /query?x=1",
        "15:21: operations.aidRecord.path: must be a path; write it as ",
    ),
    "a GET with a body": (
        "question: biz",
        "method: GET",
        "8:3: request: GET and `written: query` belong together; change one of the two",
    ),
}


@pytest.mark.parametrize(("old", "new", "told"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_told_with_its_place(old, new, told):
    assert old in PLAIN
    assert any(told in each for each in messages(PLAIN.replace(old, new))), messages(PLAIN.replace(old, new))


def changed(family: str, old: str, new: str) -> list[str]:
    text = (WRITTEN / f"{family}.yaml").read_text(encoding="utf-8")
    assert old in text
    return messages(text.replace(old, new))


@pytest.mark.parametrize(
    ("family", "old", "new", "told"),
    [
        (
            "soap",
            "{at: head.code,",
            "{at: head.code, kind: number,",
            "answer.levels[0].kind: in XML a code is text; take out `kind`",
        ),
        ("soap", "head.account:", "head.1:", "request.parts.head.1: is no name that an element of XML can have; rename it"),
        ("soap", "value: return", "value: a:b", "envelope.value: must be the name of an element; "),
        ("soap", "request:\n", "request:\n  written: form\n", "request: a form and a query have no parts within parts; "),
        ("sealed", "request:\n", "request:\n  method: GET\n  written: query\n", "request: "),
        ("sealed", "family: sealed", "family: sealed\ncharset: gb18030", "charset: what is sealed is in UTF-8; take the key out"),
        (
            "sealed",
            '"5000": later',
            '"5000": no-record',
            "envelope.levels: what carries the answer says nothing about a holder; ",
        ),
        (
            "xml-in-json",
            "request.type:",
            "request.value.x:",
            "envelope.beside.request.value.x: stands within the question's text; ",
        ),
        (
            "xml-in-json",
            '"4011": ours',
            '"x": ours',
            "envelope.levels[0]: codes of the kind number are whole numbers between quotes; ",
        ),
        (
            "token-rest",
            "life: {at: expires_in, unit: minutes}",
            "life: {}",
            "login.life: must have exactly one of for, at and until",
        ),
        ("token-rest", '"E1": ours', '"E1": no-record', "login: a log-in says nothing about a holder; write refused or later"),
        ("token-rest", "{credential: secret}", "{from: token}", "login.request.parts.client_secret: there is no token here; "),
        ("token-rest", "login:\n", "login:\n  signed: true\n", "login.signed: there is no `signature` to sign it by; "),
        ("token-rest", "written: form", "question: x", "login: a log-in asks no question; take `question` out of its request"),
        ("soap", "  question: data\n", "  written: form\n", "request: "),
        ("token-rest", "before: ", "constant: x, before: ", "request.headers.Authorization: must have exactly one of "),
        ("tables", "table: fy_sq", "table: fy_sq; DROP", "request.table: must be the name of a table or column; "),
        ("tables", 'done: ["2"]', 'done: ["1"]', "a flag says both that there is an answer and that there is none; "),
        ("tables", "{at: fkdm,", "{at: fkdm, optional: true,", "the code is a column that is always there; "),
        ("tables", 'waiting: ["0", "1"]', "waiting: []", "waiting: names nothing; "),
    ],
)
def test_a_fault_of_one_family(family, old, new, told):
    assert any(told in each for each in changed(family, old, new)), changed(family, old, new)


def test_a_log_in_that_is_not_signed_may_have_the_headers_of_the_signature():
    levels = "levels: [{at: code, codes: {'0': ok}}]"
    lent = f"login: {{path: /l, request: {{headers: {{X-Sign: {{constant: a}}}}}}, {levels}, token: t, life: {{for: 1h}}}}\n"
    assert read(PLAIN + lent).http.login.request.headers.keys() == {"X-Sign"}
    (told,) = messages(PLAIN + lent.replace("request:", "signed: true, request:"))
    assert "login.request.headers.X-Sign: the header 'X-Sign' carries signature.headers.signature already; " in told
