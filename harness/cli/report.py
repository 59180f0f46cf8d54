"""``abec report``: pages for a browser, made of saved results."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from harness import schema
from harness.cli.answer import utc_now
from harness.cli.retell import retold_of
from harness.comparison import Part, memory_series, memory_slopes
from harness.errors import BadInput, Exit
from harness.machine import read_machine
from harness.measure import history as histories
from harness.report.pages.asv_site import anonymise
from harness.report.pages.names import OwnMachine
from harness.report.pages.page import Page, Past
from harness.report.pages.parts import Source
from harness.report.pages.patterns_page import patterns_page
from harness.report.pages.private import chosen_machine, own_names, published
from harness.report.pages.render import (
    Frame,
    Link,
    method_html,
    patterns_html,
    regressions_html,
    retold_html,
    versions_html,
)
from harness.report.pages.sections import Clean
from harness.report.pages.versions_page import releases
from harness.report.pages.written import (
    ASV,
    METHOD,
    PATTERNS,
    REGRESSIONS,
    RETOLD,
    VERSIONS,
    write_site,
)
from harness.result import Series
from harness.whole_file import write_whole

_DEFAULT = "report.html"
_PARTS = frozenset(Part)
"""What `abec compare --json` prints a series each of."""
_CONNECTING = "connecting"
"""What `abec tls` saves and prints beside them, which no page shows."""


@click.command(context_settings={"max_content_width": 100})
@click.argument("files", nargs=-1)
@click.option("-o", "--output", metavar="FILE", help=f"the page [{_DEFAULT}]")
@click.option("--site", metavar="DIR", help="several pages beside asv's instead of one")
@click.option("--history", metavar="DIR", help="of asv's records, for a page of a site")
@click.option(
    "--versions",
    metavar="FILE",
    multiple=True,
    help="that abec versions saved, for a page of a site; may be given again",
)
@click.option("--retold", metavar="FILE", help="run that abec retell made, for a page of a site")
def command(
    files: tuple[str, ...],
    output: str | None,
    site: str | None,
    history: str | None,
    versions: tuple[str, ...],
    retold: str | None,
) -> int:
    """Make one page of result FILES: figures, tables, data and method, without any network.

    \b
    Examples:
      abec report results/runs/20260714-101500-7f3a.json -o page.html
      abec report results/runs/*.json -o page.html

    FILES are what `abec run`, `compare` and `bench` saved, or printed with --json. Files of
    several machines get a switch and are never mixed. Paths, addresses of servers, host and
    user names are left out; the environment variable ABEC_MACHINE names the machine.
    """
    if not files:
        raise BadInput("FILE", "", "name one or more result files; abec run saves them")
    if output and site:
        raise BadInput("-o --site", "", "give one of them")
    if history and not site:
        raise BadInput("--history", history, "is for a site; give --site too, or leave it out")
    if versions and not site:
        raise BadInput("--versions", versions[0], "is for a site; give --site too, or leave it out")
    if retold and not site:
        raise BadInput("--retold", retold, "is for a site; abec retell makes a page of it alone")
    target = Path(site or output or _DEFAULT)
    if not site and target.suffix not in {".html", ".htm"}:
        raise BadInput("-o", target, f"must end in .html; for example {target.stem}.html")
    page = _page(tuple(dict.fromkeys(files)))
    also = (history, versions, retold)
    pages = _site(target, page, *also) if site else {target.name: _alone(page)}
    try:
        if site:
            anonymise(target, chosen_machine(), _clean())
            write_site(target, pages)
        else:
            target.parent.stat()  # made below: a folder that is mistyped is told instead
            write_whole(target, pages[target.name])
    except OSError as error:
        option = "--site" if site else "-o"
        raise BadInput(
            option, target, f"cannot be written ({error.strerror}); name another one"
        ) from error
    written = ", ".join(str(target / name) for name in pages) if site else target
    click.echo(f"wrote {written}: {_told(page)}")
    return Exit.MEASURED


def _own() -> OwnMachine:
    return OwnMachine(fingerprint=read_machine().fingerprint, name=chosen_machine())


def _page(files: Sequence[str]) -> Page:
    """Read all files, then build the page: one that is bad leaves nothing behind."""
    own = _own()
    sources: list[Source] = []
    for name in files:
        for series in _series(name):
            if not series.results:
                raise BadInput(name, "", "holds no run; measure again")
            sources += [
                Source(name=name, series=held, memory=memory_slopes(held))
                for held in memory_series(series)
            ]
    if not sources:
        raise BadInput(files[0], "", "holds no messages; give the files beside it")
    return patterns_page(sources, _clean(), own)


def _clean() -> Clean:
    return partial(published, names=own_names())


def _series(name: str) -> list[Series]:
    """Read a result file, or what `--json` printed of several in one."""
    path = Path(name)
    document = _document(path)
    if _CONNECTING in document and "schema" in document:
        click.echo(f"abec: {name}: connections per second of abec tls, left out", err=True)
        return []
    parts = document.keys() - {_CONNECTING}
    if not parts or not _PARTS.issuperset(parts):
        return [schema.load(path)]
    return [
        schema.from_json(json.dumps(document[part]), f"{name}, {part}")
        for part in document
        if part in parts
    ]


def _document(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # the reader of series says what is wrong
    return document if isinstance(document, dict) else {}


def _alone(page: Page) -> str:
    return patterns_html(page, Frame(built=utc_now()))


def _site(
    folder: Path, page: Page, history: str | None, versions: Sequence[str], retold: str | None
) -> dict[str, str]:
    """Give the text of each page of a site."""
    addresses = {"Patterns": PATTERNS}
    if history:
        addresses["Regressions"] = REGRESSIONS
    if versions:
        addresses["Versions"] = VERSIONS
    addresses["Method"] = METHOD
    if retold:
        addresses["Retold"] = RETOLD
    if (folder / ASV).is_file():
        addresses["Every commit (asv)"] = ASV
    links = tuple(Link(name=name, address=address) for name, address in addresses.items())
    frame = Frame(built=utc_now(), links=links)
    pages = {PATTERNS: patterns_html(page, frame), METHOD: method_html(page, frame)}
    if history:
        pages[REGRESSIONS] = regressions_html(_past(Path(history)), frame)
    if versions:
        read = [histories.load(Path(name)) for name in dict.fromkeys(versions)]
        pages[VERSIONS] = versions_html([releases(one, _clean(), _own()) for one in read], frame)
    if retold:
        pages[RETOLD] = retold_html(retold_of(Path(retold)), frame)
    return pages


def _past(folder: Path) -> Past:
    try:
        regressions = import_module("harness.report.pages.regressions")
    except ModuleNotFoundError as error:
        raise BadInput(
            "--history", folder, f"needs {error.name}; pip install abec-bench[asv]"
        ) from error
    past: Past = regressions.past(folder)
    return past


def _told(page: Page) -> str:
    figures = sum(len(panel.figures) for section in page.sections for panel in section.panels)
    counted = (
        (len(page.sections), "section"),
        (figures, "figure"),
        (len(page.machines), "machine"),
    )
    return ", ".join(f"{number} {noun}{'s' * (number != 1)}" for number, noun in counted)
