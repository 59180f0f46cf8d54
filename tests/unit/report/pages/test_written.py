"""Pages as files: whole or not at all, and linked once from asv's menu."""

from __future__ import annotations

from pathlib import Path

from harness.report.pages.written import linked, write_site

INDEX = """<ul class="nav">
        <li id="nav-li-regressions"><a href="#/regressions">Regressions</a></li>
        <li id="nav-li-graphdisplay">
"""


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
