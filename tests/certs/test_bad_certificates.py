"""The table of bad certificates says what TLS, `cryptography`, preflight and the gateway say today."""

import re

from tests.certs.bad_certificates import PAGE, ROOT, page
from tests.certs.faulty import FAULTS


def test_the_page_is_true() -> None:
    assert (ROOT / PAGE).read_text(encoding="utf-8") == page()


def test_only_what_is_sound_is_let_in_by_all() -> None:
    rows = {line.split("`")[1]: line for line in (ROOT / PAGE).read_text(encoding="utf-8").splitlines() if line.startswith("| `")}
    assert rows.keys() == {"sound", *FAULTS}
    passed = {name for name, row in rows.items() if "lets it in" in row and "would know it by name" in row}
    assert passed == {"sound"}
    assert all(bool(re.search("lets it in", rows[name])) is fault.passes_tls for name, fault in FAULTS.items())
