"""What is printed: a table with a verdict each, what could not have been seen, the exit code."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from harness.errors import Exit
from harness.regress.gate import Gate
from harness.regress.report import Judgement, markdown, markdown_of_failure, text
from harness.regress.ruling import Runs
from harness.regress.sides import Side
from harness.result import Doubt

Make = Callable[..., Any]
Answered = Callable[[Runs], Judgement]


def row(said: str, name: str) -> str:
    return next(line for line in said.splitlines() if line.startswith(f"  {name} "))


def test_a_regression_stands_in_the_table_and_in_a_sentence(answer: Answered, side: Make) -> None:
    found = answer(Runs(base=side(1, noise=0.002), head=side(2, p50=1.4, noise=0.002)))
    said = text(found)
    assert found.code is Exit.ANSWER_IS_NO
    assert "base main (1a2b3c4d) · head 5e6f7a8b · test: 1 cell, 6 comparisons" in said
    assert "1 look in 4 min 41 s" in said
    assert row(said, "p50").endswith("slower")
    assert "+40 % [" in row(said, "p50")
    assert row(said, "p99").endswith("no change detected")
    assert "\nRegression: prices p50 +40 %.\n" in said
    assert "1 worse, 5 without a change that matters." in said
    assert "8 v 8 runs" in said
    assert "Nothing was lost, base or head." in said
    assert said.endswith("(exit 1)")


def test_nothing_found_says_what_could_not_have_been_seen(answer: Answered, side: Make) -> None:
    found = answer(Runs(base=side(1, noise=0.1), head=side(2, noise=0.1)))
    said = text(found)
    assert found.code is Exit.MEASURED
    assert "A change could not have been seen: prices p50 under " in said
    assert "TCP payload per delivery under" not in said
    # Of the six, TCP payload is the same in all runs, and nothing was lost.
    told = " ".join(said.split())
    assert "Holm over 3 of 6 comparisons (values that are all equal need no test);" in told
    assert "of the error rate of 1 % over all looks, 0.5 % is spent" in told


def test_what_looks_worse_is_told_without_a_verdict(answer: Answered, side: Make) -> None:
    found = answer(Runs(base=side(1, noise=0.3), head=side(3, noise=0.3, p50=1.3)))
    assert found.code is Exit.MEASURED
    assert markdown(found).startswith("### No regression established\n")
    assert "Looks worse, and these runs do not establish it: prices p50 +" in text(found)


def test_what_is_certain_and_too_small_is_told_as_such(answer: Answered, side: Make) -> None:
    found = answer(Runs(base=side(1, noise=0.002), head=side(2, noise=0.002, p50=1.05)))
    assert found.code is Exit.MEASURED
    assert row(text(found), "p50").endswith("slower, below 10 %")


def test_what_could_not_be_told_ends_with_three(answer: Answered, side: Make) -> None:
    found = answer(Runs(base=side(1), refused={Side.HEAD: "server sse died"}))
    said = text(found)
    assert found.code is Exit.NOT_MEASURED
    assert "could not tell: head: server sse" in said
    assert "6 could not be told." in said
    assert "(exit 3)" in said


def test_losses_that_are_not_established_let_nobody_pass(answer: Answered, side: Make) -> None:
    head = tuple(
        replace(run, audit=replace(run.audit, lost=500 * (number < 4)))
        for number, run in enumerate(side(2))
    )
    found = answer(Runs(base=side(1), head=head))
    assert not found.alarms
    assert found.code is Exit.NOT_MEASURED
    assert "these runs do not establish it: prices lost 0 → 2,000." in text(found)
    assert "5 without a change that matters, 1 worse without its being established." in text(found)
    assert markdown(found).startswith("### Could not tell\n")
    assert answer(Runs(base=head, head=side(1))).code is Exit.MEASURED


def test_losses_are_told_as_counts(answer: Answered, side: Make) -> None:
    head = tuple(replace(run, audit=replace(run.audit, lost=3)) for run in side(2))
    said = text(answer(Runs(base=side(1), head=head)))
    assert "Regression: prices lost 0 → 24." in said
    assert row(said, "lost").endswith("loses more")


def test_no_line_is_wider_than_a_terminal(answer: Answered, side: Make) -> None:
    doubt = Doubt(rule="generator CPU", reason="", remedy="")
    invalid = tuple(replace(run, doubts=(doubt,)) for run in side(2))
    for runs in (
        Runs(base=side(1), head=side(2, p50=7.0, noise=0.3)),
        Runs(base=side(1), head=invalid),
        Runs(base=side(1), refused={Side.HEAD: "a long reason " * 20}),
    ):
        assert all(len(line) <= 100 for line in text(answer(runs)).splitlines())


def test_markdown_has_a_title_a_table_and_the_sentences(answer: Answered, side: Make) -> None:
    said = markdown(answer(Runs(base=side(1, noise=0.002), head=side(2, p50=1.4, noise=0.002))))
    lines = said.splitlines()
    assert lines[0] == "### Regression: prices p50 +40 %"
    assert lines[4].startswith("| | base | head | change [99")
    assert lines[4].endswith(" %] | seen from | verdict |")
    rows = [line for line in lines if line.startswith("| prices")]
    assert len(rows) == 6
    assert all(line.count("|") == 7 for line in rows)
    assert rows[0].endswith("| **slower** |")
    assert "- Regression: prices p50 +40 %." in lines
    nothing = markdown(answer(Runs(base=side(1), head=side(2))))
    assert nothing.startswith("### No regression detected\n")
    untold = markdown(answer(Runs(base=side(1), refused={Side.HEAD: "died"})))
    assert untold.startswith("### Could not tell\n")


def test_a_log_stands_once_below_the_table(answer: Answered, side: Make) -> None:
    why = "server sse died (exit 7)\n        the | disk\n        is full"
    found = answer(Runs(base=side(1), refused={Side.HEAD: why}))
    for said in (text(found), markdown(found)):
        assert said.count("is full") == 1
    rows = [line for line in markdown(found).splitlines() if line.startswith("| prices")]
    assert [row.count("|") for row in rows] == [7] * 6
    assert all(row.endswith("could not tell: head: server sse died (exit 7) … |") for row in rows)
    assert "\n```text\nhead: server sse died (exit 7)\n" in markdown(found)


def test_a_gate_that_measured_nothing_says_why_in_markdown(gate: Gate) -> None:
    said = markdown_of_failure("main (1a)", "5e", gate, "head 5e does not build\n    no wheel")
    assert said.startswith(
        "### Could not tell\n\nbase main (1a) · head 5e · test\n\nhead 5e does not build\n"
    )
    assert "\n```text\nno wheel\n```\n" in said
