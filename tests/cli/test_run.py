"""``abec run``: what it says of options without effect."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import Exit

QUICK = ("--duration", "200ms", "--warmup", "0s", "--rate", "200")


@pytest.mark.slow
def test_an_option_without_effect_is_told_and_the_run_goes_on(abec, tmp_path: Path) -> None:
    done = abec("run", "floor", "--poll-interval", "5ms", *QUICK)

    assert done.returncode in (Exit.MEASURED, Exit.NOT_MEASURED)
    assert done.stderr == (
        "abec: --poll-interval 5ms: changes nothing here, no chosen pattern polls; leave it out\n"
    )
    assert len(list(tmp_path.glob("results/runs/*.json"))) == 1
