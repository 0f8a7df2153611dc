"""The charset of an answer: bytes that are another than the interface's are refused, never read as other names."""

import pytest

from adapters.connectors.charset import decoded
from gateway.model.refusal import Refusal


def test_a_text_in_its_charset() -> None:
    for charset in ("utf-8", "gb18030"):
        assert decoded("测试𬭎".encode(charset), charset, "here") == "测试𬭎"
    assert decoded(b"plain", "gb18030", "here") == "plain"


@pytest.mark.parametrize(
    ("charset", "body"), [("utf-8", "测试甲".encode("gb18030")), ("gb18030", "测试".encode()), ("gb18030", b"\xff")]
)
def test_a_text_in_another(charset: str, body: bytes) -> None:
    with pytest.raises(Refusal, match="CITY_ANSWER_INVALID"):
        decoded(body, charset, "here")
