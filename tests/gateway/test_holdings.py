"""Which generation a file lies in."""

from pathlib import Path

from certs.generations import activate, stage
from gateway.holdings import generation


def test_the_generation_is_found_through_links_and_below_folders(tmp_path: Path) -> None:
    folder = tmp_path / "material"
    first = stage(folder, {"authorities/440100.pem": b"one"}, lambda _: ())
    activate(folder, first.name, lambda _: ())
    for path in (folder / "current" / "authorities" / "440100.pem", first.folder / "authorities" / "440100.pem"):
        assert generation(path) == "000001"
    assert generation(tmp_path / "server.pem") == ""
