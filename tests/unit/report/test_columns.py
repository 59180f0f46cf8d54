"""Aligned text that never gets wider than asked."""

from hypothesis import given
from hypothesis import strategies as st

from harness.report.columns import Column, joined, paragraph, table

COLUMNS = (Column(""), Column("p50"), Column("server CPU\nper message"), Column("why", words=True))


def test_figures_are_set_right_with_their_intervals_below_one_another() -> None:
    rows = [
        ("! sse", "410 µs ±4 %", "3.00 µs", "slower"),
        ("  websocket", "6.10 ms ±38 %", "11.2 µs", "no change detected"),
        ("  floor", "–", "–", ""),
    ]

    assert table(COLUMNS, rows).split("\n") == [
        "                             server CPU",
        "                       p50  per message  why",
        "! sse         410 µs ±4 %       3.00 µs  slower",
        "  websocket  6.10 ms ±38 %      11.2 µs  no change detected",
        "  floor            –                  –",
    ]


def test_an_empty_column_is_left_out() -> None:
    assert table(COLUMNS, [("  sse", "1 ms", "", "")]) == "        p50\n  sse  1 ms"


def test_a_table_that_is_too_wide_goes_on_below_with_its_names() -> None:
    columns = [Column(""), *(Column(f"figure {n}") for n in range(6))]

    text = table(columns, [["  name", *["1.00 ms"] * 6]], width=40)

    upper, lower = text.split("\n\n")
    assert "figure 2" in upper
    assert "figure 3" in lower
    assert lower.split("\n")[1].startswith("  name")


WIDE = [("  floor", *["1.00 ms"] * 4), ("  sse", *["12.0 ms"] * 4)]


def test_what_is_needed_least_goes_below_a_table_that_is_too_wide() -> None:
    columns = [Column(""), Column("p50"), Column("p99.9", aside=2), Column("lost"), Column("CPU")]

    assert table(columns, WIDE, width=43).split("\n") == [
        "             p50    p99.9     lost      CPU",
        "  floor  1.00 ms  1.00 ms  1.00 ms  1.00 ms",
        "  sse    12.0 ms  12.0 ms  12.0 ms  12.0 ms",
    ]
    assert table(columns, WIDE, width=42).split("\n") == [
        "             p50     lost      CPU",
        "  floor  1.00 ms  1.00 ms  1.00 ms",
        "  sse    12.0 ms  12.0 ms  12.0 ms",
        "",
        "           p99.9",
        "  floor  1.00 ms",
        "  sse    12.0 ms",
    ]


def test_columns_of_one_rank_stay_together_and_lesser_ones_fill_the_room() -> None:
    columns = [
        Column(""),
        Column("old", aside=1),
        Column("new", aside=1),
        Column("change"),
        Column("shows", aside=2),
    ]

    upper, lower = table(columns, WIDE, width=33).split("\n\n")

    assert upper.split("\n")[0].split() == ["change", "shows"]
    assert lower.split("\n")[0].split() == ["old", "new"]


def test_a_long_name_is_wrapped_only_where_the_table_is_too_wide() -> None:
    columns = [Column(""), Column("p50"), Column("p99")]
    rows = [
        ("! websocket@websockets-broadcast p50", "1.00 ms", "2.00 ms"),
        ("  sse p50", "∞", "∞"),
    ]

    assert len(table(columns, rows, width=54).split("\n")) == 3
    assert table(columns, rows, width=53).split("\n") == [
        "                                      p50      p99",
        "! websocket@websockets-broadcast  1.00 ms  2.00 ms",
        "    p50",
        "  sse p50                               ∞        ∞",
    ]


def test_last_words_wrap_below_themselves() -> None:
    columns = (Column(""), Column("verdict", words=True))

    text = table(columns, [("  sse p99", "not compared: 4 of 8 old runs invalid")], width=32)

    assert text.split("\n") == [
        "           verdict",
        "  sse p99  not compared: 4 of 8",
        "           old runs invalid",
    ]


@given(
    st.lists(st.lists(st.text("ab ", max_size=30), min_size=4, max_size=4), min_size=1, max_size=5),
    st.integers(80, 100),
)
def test_no_line_is_wider_than_asked(rows: list[list[str]], width: int) -> None:
    lines = table(COLUMNS, rows, width=width).split("\n")

    assert max(map(len, lines)) <= width


def test_parts_are_joined_with_line_breaks_between_them() -> None:
    assert joined(["one", "", "two", "three"], width=10) == "one · two\nthree"
    assert joined([]) == ""


def test_a_part_that_is_too_wide_is_wrapped() -> None:
    assert joined(["longer than it is", "two"], width=11) == "longer than\n  it is\ntwo"


def test_a_paragraph_keeps_a_figure_and_its_unit_together() -> None:
    assert paragraph("at most 100 ms of all", width=11, hanging="  ") == (
        "at most\n  100 ms of\n  all"
    )
    assert paragraph("a-b-c d", width=5) == "a-b-c\nd"
