"""The profiles: what they hold and how long they really take."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping

from harness.machine import Machine
from tests.prove.claim import Claim
from tests.prove.clone import fresh_clone
from tests.prove.tested import tested

MOST_MINUTES: Mapping[str, float] = {"quick": 11, "full": 65}


def prove_expected(_machine: Machine) -> Iterator[Claim]:
    """Hold the cells and their expected seconds against the bounds, and look at the baseline."""
    yield tested(
        "quick within 11 minutes, full within 65, by what each cell is expected to take",
        ("tests/asv/test_profiles.py",),
    )
    yield tested(
        "the committed baseline: small, readable, of one commit, and its pages build",
        ("tests/asv/test_baseline.py",),
    )


def prove_real(_machine: Machine) -> Iterator[Claim]:
    """Measure both profiles whole, as ``make baseline`` does before asv reads the runs."""
    for profile, most in MOST_MINUTES.items():
        with fresh_clone() as clone:
            began_s = time.monotonic()
            done = subprocess.run(
                (sys.executable, "-m", "benchmarks.baseline", "measure"),
                cwd=clone.root,
                env={**os.environ, "PYTHONPATH": str(clone.root), "ABEC_PROFILE": profile},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
            )
            minutes = (time.monotonic() - began_s) / 60
            told = "" if done.returncode == 0 else f": {done.stderr.strip()[-200:]}"
            yield Claim(
                what=f"profile {profile}, measured",
                figure=f"exit {done.returncode}, {minutes:.1f} minutes{told}",
                bound=f"exit 0, ≤ {most:g} minutes",
                ok=done.returncode == 0 and minutes <= most,
            )
