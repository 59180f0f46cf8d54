"""The documentation agrees with the code. Run as a script, this file writes what is generated."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from importlib.metadata import entry_points
from pathlib import Path

import click
import pytest

from harness import result
from harness.cli.main import cli
from harness.measure.set_up import SET_UP_RULES
from harness.measure.validity import FIGURE_RULES, RULES
from harness.registry import GROUP
from harness.regress.gate import BUILT_IN
from harness.regress.watched import WATCHED
from harness.report import units
from harness.report.question import traffic
from harness.scenario import BUILT_IN as SCENARIOS
from harness.workload import Exchange, Workload
from tests.prove import guarantees

ROOT = Path(__file__).parents[2]
DOCS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
VALIDITY = ROOT / "docs" / "validity.md"
QUESTIONS = ROOT / "tests" / "unit" / "questions_page.py"
GATE = ROOT / "docs" / "ci-gate.md"
PATTERN_PAGES = sorted((ROOT / "docs" / "patterns").glob("*.md"))
FAMILIES = sorted(
    {
        point.name.partition("@")[0]
        for point in entry_points(group=GROUP)
        if point.module.startswith("harness.patterns.")  # those of other packages document theirs
    }
)
SHARED_PAGES = {"graphql_subscription_sse": "graphql_subscription"}
SHARED_PAGES |= {name: "submit_job" for name in FAMILIES if name.startswith("submit_job_")}
"""Patterns that are told on the page of another, or of several."""
SHORT_PAGES = [
    *("floor", "graphql", "long_polling", "redis_pubsub", "rest", "rest_polling", "sse"),
    "websocket",
]
ADDING = ROOT / "docs" / "add-a-pattern.md"
WORKFLOWS = ROOT / "docs" / "ci.md"
COPIED = sorted((ROOT / "docs" / "ci").glob("*.yml"))
REMEDY = ".venv/bin/python tests/unit/test_docs.py"
OURS = ("harness", "servers", "benchmarks", "tests", "docs", "examples", "results")
"""Folders of the repository: a path in the documentation that begins with one must exist."""
BUILT = ("results/runs", "results/logs", "results/asv", "results/html", "results/versions")
"""What appears only when something was measured."""


def rules_table() -> str:
    """Write the tables of rules as Markdown."""
    rows = [(rule.name, rule.limit, rule.remedy(Workload())) for rule in RULES]
    hidden = [(rule.name, rule.limit) for rule in FIGURE_RULES]
    return "\n".join(
        [
            "| rule | a run is invalid when | remedy |",
            "|---|---|---|",
            *(f"| {' | '.join(row)} |" for row in rows),
            "",
            "| rule | a figure of a valid run is hidden |",
            "|---|---|",
            *(f"| {' | '.join(row)} |" for row in hidden),
            "",
            "| rule | connections per second (`abec tls`) are `n/a` when | remedy |",
            "|---|---|---|",
            *(f"| {rule.name} | {rule.limit} | {rule.remedy} |" for rule in SET_UP_RULES),
            "",
        ]
    )


def gate_table() -> str:
    """Write the cells of the built-in gate and what is watched as Markdown."""
    watched = [one for one in WATCHED if any(one in cell.watched for cell in BUILT_IN.cells)]
    cells = [
        (f"`{cell.name}`", traffic(cell.workload), f"{cell.workload.duration:g} s")
        for cell in BUILT_IN.cells
    ]
    return "\n".join(
        [
            "| cell | workload | window | watched |",
            "|---|---|---|---|",
            *(
                f"| {' | '.join(row)} | {', '.join(one.metric.name for one in cell.watched)} |"
                for row, cell in zip(cells, BUILT_IN.cells, strict=True)
            ),
            "",
            "| metric | alarm from | why not from less |",
            "|---|---|---|",
            *(f"| {one.metric.name} | {_from(one.threshold)} | {one.because} |" for one in watched),
            "",
        ]
    )


def _from(threshold: float) -> str:
    return f"+{threshold:.0%}".replace("%", " %") if threshold else "any established rise"


def _between(text: str, mark: str, table: str) -> str:
    begin = re.search(rf"^<!-- {mark}: .*-->\n", text, re.MULTILINE)
    assert begin is not None, f"the mark {mark} is lost"
    return text[: begin.end()] + table + text[text.index(f"<!-- /{mark} -->") :]


def with_rules(text: str) -> str:
    """Put the tables of rules between their marks."""
    return _between(text, "rules", rules_table())


def with_gate(text: str) -> str:
    """Put the tables of the gate between their marks."""
    return _between(text, "gate", gate_table())


def with_workflows(text: str) -> str:
    """Put the workflows that others copy where the document shows them."""
    for path in COPIED:
        shown = f"```yaml\n{path.read_text(encoding='utf-8')}```\n"
        text = _between(text, path.stem, shown)
    return text


def with_pattern(text: str) -> str:
    """Put the whole external pattern where the document shows one."""
    code = (ROOT / "tests/patterns/external_pattern/tcp_lines.py").read_text(encoding="utf-8")
    before, fence, rest = text.partition("```python\n")
    return f"{before}{fence}{code}{rest[rest.index('```') :]}"


def test_the_table_of_rules_is_that_of_the_code() -> None:
    text = VALIDITY.read_text(encoding="utf-8")
    assert text == with_rules(text), f"stale: {REMEDY}"


def test_the_gate_is_that_of_the_code() -> None:
    text = GATE.read_text(encoding="utf-8")
    assert text == with_gate(text), f"stale: {REMEDY}"


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_is_told_as_it_is_and_why(name: str) -> None:
    workload = SCENARIOS[name].workload
    polls = workload.exchange.to_all or workload.exchange is Exchange.JOURNEY
    row = (
        f"`{name}`",
        traffic(workload),
        units.size(workload.payload),
        units.span(workload.duration),
        units.span(workload.poll_interval) if polls else "–",
    )
    page = (ROOT / "docs" / "scenarios.md").read_text(encoding="utf-8")
    assert f"\n| {' | '.join(row)} |\n" in page
    assert f"\n- **`{name}`**: " in page


@pytest.mark.parametrize("rule", [*RULES, *FIGURE_RULES], ids=lambda rule: rule.name)
def test_every_rule_says_why_it_exists(rule: object) -> None:
    assert f"\n**{getattr(rule, 'name', '')}.** " in VALIDITY.read_text(encoding="utf-8")


def test_every_field_of_a_result_is_explained() -> None:
    told = set(re.findall(r"`(\w+)`", (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")))
    parts: tuple[type, ...] = (result.Latency, result.Audit, result.ServerUse, result.WireUse)
    parts += (result.GeneratorUse, result.HostUse, result.Journey, result.Trace, result.Parts)
    parts += (result.QueueDepth, result.Kill, result.NetworkUse, result.Gateways, result.Failover)
    parts += (result.GivenServer,)
    wanted = {field.name for part in parts for field in fields(part)}
    identity = {"pattern", "block", "floor", "block_index", "audit", "server", "wire"}
    identity |= {"generator", "host", "journey"}
    wanted |= {field.name for field in fields(result.Result)} - identity
    assert not wanted - told


def test_the_page_of_questions_is_that_of_the_benchmarks() -> None:
    done = subprocess.run(
        [sys.executable, str(QUESTIONS)], capture_output=True, text=True, check=True
    )
    page = (ROOT / "docs" / "questions.md").read_text(encoding="utf-8")
    assert page == done.stdout, (
        "stale: .venv/bin/python tests/unit/questions_page.py > docs/questions.md"
    )
    shared = {"__init__", "axes", "measured", "metrics", "patterns"}
    shared |= {"saved", "settings", "validity", "values"}
    # Asked by `abec regress`, and told in ci-gate.md; `make baseline`, which asks them all.
    shared |= {"gate", "baseline"}
    asked = {path.stem for path in (ROOT / "benchmarks").glob("*.py")} - shared
    assert asked == set(re.findall(r"\| \*?`(\w+)\.\w+`", page))


def anchors(path: Path) -> set[str]:
    """Give the names by which a document's headings can be linked to."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_links_and_paths_lead_somewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for target, anchor in re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", text):
        assert (path.parent / target).is_file(), f"{path.name} links to {target}"
        if anchor:
            assert anchor in anchors(path.parent / target), f"{path.name} links to #{anchor}"
    for name in re.findall(rf"`((?:{'|'.join(OURS)})/[\w./-]+)`", text):
        if not name.startswith(BUILT):
            assert (ROOT / name).exists(), f"{path.name} names {name}"


def commands() -> Iterator[tuple[str, str, str]]:
    """Give each command line of ``abec`` in the documentation: file, subcommand, the rest."""
    for path in DOCS:
        for line in re.findall(r"\babec ([a-z]+)\b([^`|#>&\n]*)", path.read_text(encoding="utf-8")):
            yield path.name, *line


def test_every_command_exists_with_its_options() -> None:
    assert isinstance(cli, click.Group)
    context = click.Context(cli)
    known = set(cli.list_commands(context))
    checked = 0
    for document, name, rest in commands():
        if name not in known:
            assert "--" not in rest, f"{document}: abec {name}"
            continue
        command = cli.get_command(context, name)
        assert command is not None
        options = {option for parameter in command.params for option in parameter.opts}
        for option in re.findall(r"(?<!\S)--[a-z-]+", rest):
            assert option in {*options, "--help"}, f"{document}: abec {name} {option}"
            checked += 1
    assert checked > 10


@pytest.mark.parametrize("name", ["run", "compare"])
def test_every_option_of_a_measurement_is_explained(name: str) -> None:
    assert isinstance(cli, click.Group)
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    options = {
        option
        for parameter in command.params
        if isinstance(parameter, click.Option)
        for option in parameter.opts
    }
    told = (ROOT / "docs" / "your-workload.md").read_text(encoding="utf-8")
    assert not options - set(re.findall(r"--[a-z-]+", told))


def test_the_index_leads_to_every_page() -> None:
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} - {"index.md"}
    assert pages == set(re.findall(r"\]\(([\w-]+\.md)\)", index))
    patterns = {path.name for path in PATTERN_PAGES}
    assert patterns == set(re.findall(r"\]\(patterns/([\w-]+\.md)\)", index))


@pytest.mark.parametrize("family", FAMILIES)
def test_every_pattern_has_a_page(family: str) -> None:
    page = ROOT / "docs" / "patterns" / f"{SHARED_PAGES.get(family, family)}.md"
    assert page.is_file(), f"{page.name} is missing"
    assert re.search(rf"\b{family}\b", page.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", SHORT_PAGES)
def test_the_page_of_a_pattern_asks_shows_commands_and_says_what_would_make_it_wrong(
    name: str,
) -> None:
    text = (ROOT / "docs" / "patterns" / f"{name}.md").read_text(encoding="utf-8")
    # A heading, a question, commands.
    assert re.match(rf"# `{name}`: [^\n]+\n\n\*[^*]+\?\*\n\n    \.venv/bin/abec ", text)
    for told in ("The clients", "What would make it wrong"):
        assert f"\n## {told}\n" in text


@pytest.mark.parametrize("name", [name for name in SHORT_PAGES if name != "graphql"])
def test_the_page_of_a_pattern_tells_the_way_of_a_message_and_what_is_promised(name: str) -> None:
    text = (ROOT / "docs" / "patterns" / f"{name}.md").read_text(encoding="utf-8")
    for told in ("The way of a message", "Guarantees"):
        assert f"\n## {told}\n" in text


def test_the_documented_workflows_are_those_that_are_copied() -> None:
    text = WORKFLOWS.read_text(encoding="utf-8")
    assert len(COPIED) == 2
    assert text == with_workflows(text), f"stale: {REMEDY}"


@pytest.mark.parametrize("page", ["redis_queue", "redis_stream"])
def test_the_guarantees_are_those_that_were_measured(page: str) -> None:
    text = (ROOT / "docs" / "patterns" / f"{page}.md").read_text(encoding="utf-8")
    log = guarantees.read_log()
    assert text == guarantees.with_tables(text, page, log)


def test_the_documented_pattern_is_the_tested_one() -> None:
    text = ADDING.read_text(encoding="utf-8")
    assert text == with_pattern(text), f"stale: {REMEDY}"


if __name__ == "__main__":
    written = (
        (VALIDITY, with_rules),
        (ADDING, with_pattern),
        (GATE, with_gate),
        (WORKFLOWS, with_workflows),
    )
    for document, generated in written:
        document.write_text(generated(document.read_text(encoding="utf-8")), encoding="utf-8")
