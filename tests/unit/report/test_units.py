"""Every number that a person reads."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.report import units


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "∞"),
        (math.inf, "∞"),
        (0, "0 s"),
        (4.67e-8, "46.7 ns"),
        (9.996e-7, "1.00 µs"),
        (3.1e-6, "3.10 µs"),
        (0.00041, "410 µs"),
        (0.0009996, "1.00 ms"),
        (0.0061, "6.10 ms"),
        (0.0384, "38.4 ms"),
        (0.412, "412 ms"),
        (1.5, "1.50 s"),
        (123.4, "123 s"),
        (-0.002, "−2.00 ms"),
    ],
)
def test_seconds(value: float | None, text: str) -> None:
    assert units.seconds(value) == text


@given(st.floats(1e-9, 999))
def test_seconds_keep_three_digits(value: float) -> None:
    number, unit = units.seconds(value).split(" ")
    scale = {"ns": 1e-9, "µs": 1e-6, "ms": 1e-3, "s": 1.0}[unit]

    assert float(number) * scale == pytest.approx(value, rel=0.0051)
    assert len(number.replace(".", "")) == 3


@pytest.mark.parametrize(
    ("value", "text"), [(0.02, "20 ms"), (1, "1 s"), (1.5, "1.5 s"), (3600, "3,600 s"), (0, "0 s")]
)
def test_a_chosen_time_has_no_added_digits(value: float, text: str) -> None:
    assert units.span(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (256, "256 B"),
        (312.46, "312 B"),
        (4096, "4 KiB"),
        (1500, "1.46 KiB"),
        (1 << 20, "1 MiB"),
        (5 << 30, "5 GiB"),
    ],
)
def test_size(value: float | None, text: str) -> None:
    assert units.size(value) == text


def test_counts_and_rates() -> None:
    assert units.count(1234567) == "1,234,567"
    assert units.count(-3) == "−3"
    assert units.count(None) == "–"
    assert units.rate(2000.0) == "2,000 msg/s"
    assert units.rate(1234.5) == "1,230 msg/s"
    assert units.rate(None) == "–"


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0.0123, 3, "0.0123"),
        (999.6, 3, "1,000"),
        (12345, 3, "12,300"),
        (0.00301, 2, "0.0030"),
        (0, 3, "0"),
        (math.inf, 3, "∞"),
        (-math.inf, 3, "−∞"),
    ],
)
def test_significant(value: float, digits: int, text: str) -> None:
    assert units.significant(value, digits) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (None, "–"),
        (0.03, "3 %"),
        (0.004, "0.4 %"),
        (0.0096, "1 %"),
        (0.38, "38 %"),
        (1.2, "120 %"),
        (-0.02, "−2 %"),
        (0.0004, "0 %"),
        (0, "0 %"),
    ],
)
def test_percent(share: float | None, text: str) -> None:
    assert units.percent(share) == text


@pytest.mark.parametrize(
    ("coverage", "text"),
    [
        (0.9375, "93.75 %"),
        (0.984375, "98.4 %"),
        (0.9921875, "99.2 %"),
        (0.875, "87.5 %"),
        (0.99609375, "99.6 %"),
        (0.9999, "99.99 %"),
        (0.99999, "99.9 %"),
    ],
)
def test_the_level_of_an_interval_is_never_rounded_up(coverage: float, text: str) -> None:
    assert units.level(coverage) == text


@pytest.mark.parametrize(
    ("factor", "text"),
    [
        (1.4, "+40 %"),
        (0.98, "−2 %"),
        (1, "0 %"),
        (1.0001, "0 %"),
        (7.2, "7.20×"),
        (0.1, "1/10.0"),
        (0, "to 0"),
        (None, "∞"),
    ],
)
def test_change(factor: float | None, text: str) -> None:
    assert units.change(factor) == text


def test_a_change_with_its_interval() -> None:
    assert units.change_interval(1.4, 1.28, 1.55) == "+40 % [+28, +55]"
    assert units.change_interval(7.2, 4.5, 8) == "7.20× [+350 %, 8.00×]"
    assert units.change_interval(None, 1.5, None) == "∞ [+50 %, ∞]"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (412e-6, "s", "412 µs"),
        (None, "s", "∞"),
        (4096.0, "B", "4 KiB"),
        (1.2034, "switches", "1.20 switches"),
        (0.0, "per million", "0 per million"),
        (None, "per million", "∞"),
    ],
)
def test_a_figure_has_the_unit_of_its_metric(value: float | None, unit: str, text: str) -> None:
    assert units.figure(value, unit) == text


def test_times() -> None:
    assert [units.times(factor) for factor in (1, 3.729, 94.84, None)] == [
        "1.00",
        "3.73",
        "94.8",
        "∞",
    ]
