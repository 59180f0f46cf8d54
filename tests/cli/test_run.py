"""``abec run``: what it says of options without effect, and how it outlives its reader."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from harness import schema, stamps_file
from harness.cli.run import exit_code
from harness.errors import Exit
from harness.pattern import RedisSpec
from harness.process.servers import started
from harness.workload import Workload

pytestmark = pytest.mark.alone

QUICK = ("--duration", "200ms", "--warmup", "0s", "--rate", "200")
TWO = """
[scenario.first]
patterns = ["floor"]
duration = "200ms"
warmup = "0s"
poll_interval = "50ms"

[scenario.second]
patterns = ["floor"]
duration = "200ms"
warmup = "0s"
"""


@pytest.mark.slow
def test_a_password_is_neither_printed_nor_kept(abec, tmp_path: Path) -> None:
    with started((RedisSpec(),), Workload()) as running:
        url = running.endpoints["redis"].partition("?")[0]
        done = abec("run", "redis_pubsub", "--redis", url, "--json", *QUICK)
    password = urlsplit(url).password
    assert password is not None
    (kept,) = tmp_path.glob("results/runs/*.json")
    assert schema.load(kept).results
    assert password not in done.stdout + done.stderr + kept.read_text()


@pytest.mark.slow
def test_an_option_without_effect_is_told_and_the_run_goes_on(abec, tmp_path: Path) -> None:
    done = abec("run", "floor", "--poll-interval", "5ms", *QUICK)

    assert done.returncode in (Exit.MEASURED, Exit.NOT_MEASURED)
    assert done.stderr == (
        "abec: --poll-interval 5ms: changes nothing here, no chosen pattern polls; leave it out\n"
    )
    assert len(list(tmp_path.glob("results/runs/*.json"))) == 1


@pytest.mark.slow
def test_it_goes_on_measuring_when_its_reader_has_left(tmp_path: Path, environment) -> None:
    (tmp_path / "two.toml").write_text(TWO)
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(
            (sys.executable, "-m", "harness", "run", "--scenario", "two.toml"),
            cwd=tmp_path,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=write,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        os.close(write)

    saved = sorted(tmp_path.glob("results/runs/*.json"), key=lambda path: path.stat().st_mtime)
    assert done.stderr.splitlines() == [
        f"abec: nobody reads stdout any more; saved {path.relative_to(tmp_path)}" for path in saved
    ]
    assert len(saved) == 2
    assert done.returncode == max(exit_code(schema.load(path)) for path in saved)


@pytest.mark.slow
def test_stamps_are_kept_beside_the_result(abec, tmp_path: Path) -> None:
    done = abec("run", "floor", "--stamps", *QUICK)

    assert done.returncode in (Exit.MEASURED, Exit.NOT_MEASURED)
    (kept,) = tmp_path.glob("results/runs/*.json")
    (result,) = schema.load(kept).results
    assert result.stamps is not None
    assert result.stamps.file == f"{kept.stem}.stamps/000-floor.npz"
    assert stamps_file.unchanged(result.stamps, kept)
    seen = stamps_file.read(kept.parent / result.stamps.file)
    assert len(seen.recording.delivered.received_ns) == result.audit.delivered
    verified = abec("verify", str(kept))
    assert verified.returncode == Exit.MEASURED, verified.stdout
