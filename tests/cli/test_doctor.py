"""``abec doctor``: each check's verdicts, and the truth test with truth and with lies."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from harness.cli.doctor import line, summary
from harness.doctor import host, timing, truth
from harness.doctor.check import Verdict, fail, ok, warn
from harness.errors import BadInput
from harness.machine import Machine, read_machine
from harness.measure.set_up import SET_UP_RULES
from harness.measure.validity import FIGURE_RULES, RULES
from harness.plan import plan
from harness.registry import load
from harness.workload import Workload

pytestmark = pytest.mark.alone


@pytest.fixture(scope="module")
def machine() -> Machine:
    return replace(read_machine(), governor="", open_files_hard=65_536, port_range=(10_240, 65_000))


@pytest.mark.parametrize(
    ("cores", "verdict"), [(1, Verdict.FAIL), (2, Verdict.WARN), (3, Verdict.OK)]
)
def test_cores(cores: int, verdict: Verdict, machine: Machine) -> None:
    assert host.cores(replace(machine, cores=tuple(range(cores)))).verdict is verdict


def test_governor_that_changes_speed(machine: Machine) -> None:
    check = host.cores(replace(machine, cores=(0, 1, 2, 3), governor="powersave"))
    assert check.verdict is Verdict.WARN
    assert "performance" in check.remedy


@pytest.mark.parametrize(("source", "verdict"), [("tsc", Verdict.OK), ("hpet", Verdict.WARN)])
def test_clock(source: str, verdict: Verdict, machine: Machine) -> None:
    assert host.clock(replace(machine, clock_source=source)).verdict is verdict


@pytest.mark.parametrize(
    ("limit", "verdict"), [(1024, Verdict.FAIL), (4096, Verdict.WARN), (65_536, Verdict.OK)]
)
def test_open_files(limit: int, verdict: Verdict, machine: Machine) -> None:
    check = host.open_files(replace(machine, open_files_hard=limit))
    assert check.verdict is verdict
    assert bool(check.remedy) is (verdict is not Verdict.OK)


@pytest.mark.parametrize("limit", [512, 4096])
def test_carried_connections_are_what_a_plan_accepts(limit: int, machine: Machine) -> None:
    narrow = replace(machine, open_files_hard=limit)
    most = host.connections(narrow)
    plan(load("sse"), Workload(subscribers=most), narrow)
    with pytest.raises(BadInput, match="open files"):
        plan(load("sse"), Workload(subscribers=most + 1), narrow)


def test_ports(machine: Machine) -> None:
    assert host.ports(machine).verdict is Verdict.OK
    assert host.ports(replace(machine, port_range=(40_000, 40_999))).verdict is Verdict.FAIL


def test_others_on_the_cores_are_seen(machine: Machine) -> None:
    check = host.neighbours(machine, seconds=0.2)
    assert re.search(r"[\d.]+ % stolen, others use \d+ % of core \d+", check.text)


def test_only_a_restriction_of_size_leaves_figures_trusted() -> None:
    small = fail("open files", "raise it", only_size=True)
    assert summary([ok("a"), warn("b"), small], 960) == (
        "1 failure, 1 warning. Runs of up to 960 connections can be trusted here."
    )
    assert "Mend what failed" in summary([small, fail("truth")], 960)
    assert summary([ok("a")], 4000).startswith("0 failures, 0 warnings.")


def test_line_is_wrapped_behind_its_verdict() -> None:
    lines = line(warn("word " * 30, "remedy")).splitlines()
    assert lines[0].startswith("warn  word")
    assert lines[1].startswith("      word")
    assert max(map(len, lines)) <= 100


HELD = truth.Held(applied_s=0.0056, measured_s=0.0057, dropped=10, lost=10, doubts=())


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, Verdict.OK),
        ({"lost": 9}, Verdict.FAIL),
        ({"lost": 11}, Verdict.FAIL),
        ({"dropped": 0, "lost": 0}, Verdict.FAIL),
        ({"measured_s": 0.0066}, Verdict.FAIL),
        ({"measured_s": 0.0046}, Verdict.FAIL),
        ({"measured_s": float("inf")}, Verdict.FAIL),
        ({"measured_s": 0.0066, "doubts": ("machine",)}, Verdict.WARN),
    ],
)
def test_truth_is_judged(changes: dict[str, object], verdict: Verdict) -> None:
    assert truth.verdict(replace(HELD, **changes)).verdict is verdict


@pytest.mark.slow
def test_timing_is_measured() -> None:
    machine = read_machine()
    assert re.match(r"pacing: late by .+ at the median, .+ at p99", timing.pacing(machine).text)
    assert re.match(r"wake-up: .+ a round trip over loopback", timing.wake_ups(machine).text)


@pytest.mark.slow
def test_prints_a_line_for_each_check_and_a_summary(abec_process) -> None:
    done = abec_process("doctor")
    lines = done.stdout.splitlines()
    heads = [text.split()[0] for text in lines[:-1] if not text.startswith(" ")]
    assert set(heads) <= {"ok", "warn", "FAIL"}
    assert len(heads) == 11
    assert re.search(
        r"^(ok|warn) +truth: a [5-7]\.\d+ ms delay was .*; (\d+) of \2 dropped messages were found",
        done.stdout,
        re.MULTILINE,
    ), done.stdout
    assert done.returncode == (1 if "FAIL" in heads else 0), done.stderr
    assert re.match(r"\d+ failures?, \d+ warnings?\. ", lines[-1])
    assert max(map(len, lines)) <= 100
    assert done.stderr == ""


def test_rules_are_printed_without_any_check(abec) -> None:
    done = abec("doctor", "--rules")
    assert done.returncode == 0, done.stderr
    text = " ".join(done.stdout.split())
    every = (*RULES, *FIGURE_RULES, *SET_UP_RULES)
    for rule in every:
        assert rule.name in text
    assert max(map(len, done.stdout.splitlines())) <= 100
    listed = json.loads(abec("doctor", "--rules", "--json").stdout)
    assert [rule["name"] for rule in listed] == [rule.name for rule in every]
