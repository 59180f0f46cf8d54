"""Pages as text: one file each, with data, script and style inside."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from harness.measure.validity import FIGURE_RULES, RULES
from harness.report.columns import bound
from harness.report.pages.page import Figure, Page, Past, Releases, Retold
from harness.report.pages.sections import DEFAULT_STACK
from harness.workload import Workload

PLOTLY = "plotly-basic.min.js"
_STATIC = Path(__file__).parents[1] / "static"
_FEW = 6
"""Sections that a page shows open; of more, only the first, lest it scroll for ever."""
_DIGITS = 6
"""Significant digits of the numbers that are drawn."""
_SCRIPT_END = re.compile(r"</(?=script)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A neighbouring page."""

    name: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What surrounds a page."""

    built: str
    """When, in UTC."""
    links: tuple[Link, ...] = ()
    """Pages beside it; none for a page that stands alone."""


def patterns_html(page: Page, frame: Frame) -> str:
    """Write the *Patterns* page; one that stands alone brings its method with it."""
    panels = [panel for section in page.sections for panel in section.panels]
    return _render(
        "patterns.html",
        frame,
        page=page,
        choices=choices(page),
        few=len(page.sections) <= _FEW,
        **_drawn(figure for panel in panels for figure in panel.figures),
        **_method(page),
    )


def regressions_html(past: Past, frame: Frame) -> str:
    """Write the *Regressions* page."""
    return _render("regressions.html", frame, past=past, **_drawn(past.figures))


def versions_html(libraries: Sequence[Releases], frame: Frame) -> str:
    """Write the *Versions* page."""
    figures = (figure for one in libraries for figure in one.figures)
    return _render("versions.html", frame, libraries=libraries, **_drawn(figures))


def retold_html(page: Retold, frame: Frame) -> str:
    """Write the page *How others would have told it*."""
    return _render("retold.html", frame, page=page, **_drawn(page.figures))


def _drawn(figures: Iterable[Figure]) -> dict[str, Any]:
    """Give what draws figures: their numbers, and the scripts."""
    drawings = _short({figure.id: asdict(figure.drawing) for figure in figures})
    return {
        "drawings": Markup(_json(drawings)),
        "scripts": [
            _script(f"plotly/{PLOTLY}"),
            _script("pages/draw.js"),
            _script("pages/page.js"),
        ],
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """What can be chosen."""

    value: str
    """What elements carry in their ``data-`` attribute; empty for all."""
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One filter."""

    name: str
    options: tuple[Option, ...]
    first: str = ""
    """The value that is chosen when the page opens."""


def choices(page: Page) -> tuple[Choice, ...]:
    """Give the filters that leave something out: of machines always exactly one is shown."""
    stacks = [panel.stack for section in page.sections for panel in section.panels]
    wanted = (
        _choice("scenario", "all scenarios", [section.scenario for section in page.sections]),
        _choice("client", "both clients", [section.client for section in page.sections]),
        _choice("stack", "all stacks", [stack for stack in stacks if stack]),
    )
    found = tuple(choice for choice in wanted if len(choice.options) > 2)
    if len(page.machines) < 2:
        return found
    options = tuple(Option(value=m.id, name=m.name) for m in page.machines)
    return (Choice(name="machine", options=options, first=options[0].value), *found)


def _choice(name: str, all_of_them: str, values: Sequence[str]) -> Choice:
    distinct = tuple(Option(value=value, name=value) for value in dict.fromkeys(values))
    first = DEFAULT_STACK if DEFAULT_STACK in values else ""
    return Choice(name=name, options=(Option(value="", name=all_of_them), *distinct), first=first)


def method_html(page: Page, frame: Frame) -> str:
    """Write the *Method* page."""
    return _render("method.html", frame, scripts=[_script("pages/page.js")], **_method(page))


def _method(page: Page) -> dict[str, Any]:
    plain = Workload()
    return {
        "machines": page.machines,
        "within": page.within,
        "rules": [(rule.name, rule.limit, rule.remedy(plain)) for rule in RULES],
        "figure_rules": [(rule.name, rule.limit) for rule in FIGURE_RULES],
    }


def _render(template: str, frame: Frame, **values: Any) -> str:
    environment = Environment(
        loader=PackageLoader("harness.report.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["bound"] = bound
    return environment.get_template(template).render(
        frame=frame, style=Markup(_text("pages/page.css")), **values
    )


def _script(name: str) -> Markup:
    """Give one of our own or the vendored scripts, to be set between script tags."""
    return Markup(script_safe(_text(name)))


def _text(name: str) -> str:
    return (_STATIC / name).read_text(encoding="utf-8")


def script_safe(script: str) -> str:
    """Keep a script from ending or nesting the element it stands in."""
    return _SCRIPT_END.sub(r"<\\/", script).replace("<!--", r"<\!--")


def _json(value: Any) -> str:
    """Write data for a script element: JSON has ``<`` only in strings, which may escape it."""
    return json.dumps(value, separators=(",", ":")).replace("<", r"\u003c")


def _short(value: Any) -> Any:
    """Round numbers to what can be seen, so that pages stay small."""
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS - 1}e}")
    if isinstance(value, dict):
        return {name: _short(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_short(part) for part in value]
    return value
