"""Made-up histories, as values and as the files that asv writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.report.pages.history import History

RECORDED_MS = 1_784_023_200_000
"""2026-07-14, 10:00 UTC; later commits were recorded before."""
COMMITS = tuple(f"{number:02x}" * 20 for number in range(1, 13))
NOISE = (1.00, 1.01, 0.99, 1.00, 1.02, 0.98, 1.01, 1.00, 0.99, 1.00, 1.01, 0.99)


def made(values: list[float | None], benchmark: str = "delivery.Delivery.track_p50") -> History:
    return History(
        benchmark=benchmark,
        combination="ticker, sse",
        machine="Example CPU, 2 cores",
        environment=1,
        unit="seconds",
        commits=COMMITS[: len(values)],
        values=tuple(values),
    )


def stepped(low: float, high: float) -> list[float | None]:
    """Give twelve values, the last six of them at another level."""
    return [n * (low if place < 6 else high) for place, n in enumerate(NOISE)]


def write_records(tmp_path: Path) -> Path:
    """Write results of twelve commits as asv 0.6.6 does (result API 2)."""
    name = "delivery.Delivery.track_p50"
    about = {
        "name": name,
        "unit": "seconds",
        "version": "2",
        "params": [["'ticker'"], ["'sse'", "'websocket'"]],
    }
    (tmp_path / "benchmarks.json").write_text(json.dumps({name: about, "version": 2}))
    folder = tmp_path / "build-7"
    folder.mkdir()
    machine = {"machine": "build-7", "cpu": "Example CPU", "num_cpu": "2", "version": 1}
    (folder / "machine.json").write_text(json.dumps(machine))
    for place, (commit, value) in enumerate(zip(COMMITS, stepped(4e-4, 6e-4), strict=True)):
        result: dict[str, Any] = {
            "commit_hash": commit,
            "env_name": "existing-py_home_jo_.venv_bin_python",
            "date": 1_700_000_000_000 + place,
            "params": {key: machine[key] for key in ("machine", "cpu", "num_cpu")},
            "python": "",
            "requirements": {},
            "env_vars": {},
            "result_columns": ["result", "params", "version", "started_at"],
            "results": {
                name: [
                    *([value, None], about["params"], "1" if place == 0 else "2"),
                    RECORDED_MS - 1000 * place,
                ],
                "gone.track": [[1.0], [], "1", RECORDED_MS + 10**9],
            },
            "durations": {},
            "version": 2,
        }
        (folder / f"{commit[:8]}-env.json").write_text(json.dumps(result))
    return tmp_path
