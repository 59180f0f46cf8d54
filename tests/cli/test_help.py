"""Every command explains itself: what it is for, two examples, units and defaults."""

from __future__ import annotations

import re

import pytest

COMMANDS = (
    *("run", "compare", "report", "verify", "retell", "regress", "patterns"),
    *("serve", "doctor", "init", "bench"),
)


def test_bare_command_shows_the_help_and_refuses(abec) -> None:
    done = abec()
    assert done.returncode == 2
    assert "Commands:" in done.stderr
    assert done.stdout == ""


def test_every_command_is_listed_with_what_it_is_for(abec) -> None:
    done = abec("--help")
    assert done.returncode == 0
    for command in COMMANDS:
        assert re.search(rf"^  {command} +\w.+\.$", done.stdout, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_opens_with_two_examples(command: str, abec) -> None:
    done = abec(command, "--help")
    assert done.returncode == 0, done.stderr
    before_options, _, options = done.stdout.partition("\nOptions:\n")
    examples = before_options.partition("Examples:\n")[2].split("\n\n")[0].splitlines()
    assert len(examples) == 2
    assert all(line.startswith(f"    abec {command}") for line in examples)
    assert options
    assert max(map(len, done.stdout.splitlines())) <= 100


def test_options_with_a_value_name_its_unit_and_default(abec) -> None:
    options = abec("run", "--help").stdout.partition("\nOptions:\n")[2]
    entries = re.split(r"\n(?=  --)", options)
    for entry in entries:
        name = entry.split()[0]
        if name in {"--help", "--json", "--csv", "--scenario", "--concurrency", "--payload-file"}:
            continue
        assert "[" in entry, f"{name} does not name its default"


def test_version(abec) -> None:
    assert re.fullmatch(r"abec, version \d+\.\d+\.\d+\n", abec("--version").stdout)
