"""A command whose answer needs several series: each is measured and saved beside the others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from harness.cli.progress import ProgressLine
from harness.cli.run import typed_command
from harness.result import Series
from harness.series import MOST_RERUNS, Cell, measure


def part_path(base: Path, part: str) -> Path:
    """Name the file of one part beside ``base``."""
    return base.with_name(f"{base.stem}-{part}.json")


def part_paths(base: Path, parts: Iterable[str]) -> str:
    """Name the files of several parts, as a command says what it saved."""
    return ", ".join(str(part_path(base, part)) for part in parts)


def measure_part(
    part: str, cells: Sequence[Cell], runs: int, base: Path, *, most_reruns: int = MOST_RERUNS
) -> Series:
    """Measure ``cells`` as one series, with progress, saved as it grows."""
    with ProgressLine(part) as progress:
        return measure(
            cells,
            runs=runs,
            order_seed=cells[0].workload.seed,
            command=typed_command(),
            on_progress=progress,
            save_to=part_path(base, part),
            most_reruns=most_reruns,
        )
