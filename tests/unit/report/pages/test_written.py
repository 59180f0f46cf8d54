"""Pages as files: whole or not at all, and linked once from asv's menu."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.report.pages.written import linked, write, write_site

INDEX = """<ul class="nav">
        <li id="nav-li-regressions"><a href="#/regressions">Regressions</a></li>
        <li id="nav-li-graphdisplay">
"""


def test_a_failed_write_leaves_the_old_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "page.html"
    page.write_text("old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write(page, "new")
    assert page.read_text() == "old"
    assert list(tmp_path.iterdir()) == [page]


def test_the_first_page_enters_asvs_menu_once(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(INDEX)
    pages = {"patterns.html": "p", "method.html": "m"}

    write_site(tmp_path, pages)
    write_site(tmp_path, pages)

    index = (tmp_path / "index.html").read_text()
    assert index.count('<a href="patterns.html">Patterns</a>') == 1
    assert index.index("Regressions") < index.index("patterns.html")
    assert index.index("patterns.html") < index.index("nav-li-graphdisplay")
    assert "method.html" not in index
    assert (tmp_path / "patterns.html").read_text() == "p"


def test_without_asvs_page_there_is_none(tmp_path: Path) -> None:
    write_site(tmp_path / "new", {"patterns.html": "p"})
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["patterns.html"]


def test_a_page_without_that_menu_stays_as_it_is() -> None:
    assert linked("<p>asv 9</p>") == "<p>asv 9</p>"
