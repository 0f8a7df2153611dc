"""Pages are written, drift is named and ends with status 1."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from gateway.development.pages.__main__ import main

PAGES: Mapping[str, Callable[[], str]] = {"one.md": lambda: "一\n", "two.md": lambda: "two\n"}


def test_what_was_written_has_not_drifted(tmp_path: Path) -> None:
    assert main([], tmp_path, PAGES) == 0
    assert (tmp_path / "one.md").read_text(encoding="utf-8") == "一\n"
    assert main(["--check"], tmp_path, PAGES) == 0


def test_the_page_that_drifted_is_named_and_left_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([], tmp_path, PAGES)
    (tmp_path / "two.md").write_text("too\n")
    assert main(["--check"], tmp_path, PAGES) == 1
    assert capsys.readouterr().err == "two.md has drifted from the code; run: make docs\n"
    assert (tmp_path / "two.md").read_text() == "too\n"


def test_a_page_that_is_missing_has_drifted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"], tmp_path, PAGES) == 1
    assert capsys.readouterr().err.count("has drifted") == len(PAGES)


def test_other_words_are_wrong_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--chekc"], tmp_path, PAGES) == 2
    assert "usage" in capsys.readouterr().err
    assert not (tmp_path / "one.md").exists()
