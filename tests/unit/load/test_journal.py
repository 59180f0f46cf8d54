"""What a consumer noted is known after it was killed."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.envelope import pack
from harness.load.journal import Journal, holds_a_job, read_journal
from harness.recording import NEVER

PADDING = b"x" * 30


def message(sequence: int, publisher: int = 1) -> bytes:
    return pack(publisher, sequence, 0, PADDING, crc32(PADDING))


def test_the_job_in_hand_is_told_from_those_delivered(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    assert not holds_a_job(path)
    got: list[bytes] = []
    with Journal(path) as journal:
        begin, deliver = journal.begin(3), journal.noting(3, got.append)
        for sequence in range(2):
            begin(message(sequence))
            assert holds_a_job(path)
            deliver(message(sequence))
            assert not holds_a_job(path)
        begin(message(7))
    assert got == [message(0), message(1)]
    recording, held = read_journal(path)
    assert held == ((1, 7),)
    assert recording.delivered.sequence.tolist() == [0, 1]
    assert recording.delivered.publisher.tolist() == [1, 1]
    assert recording.delivered.receiver.tolist() == [3, 3]
    assert (recording.delivered.received_ns > 0).all()


def test_a_damaged_message_is_nobodys(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with Journal(path) as journal:
        journal.begin(0)(message(0))
        journal.noting(0, len)(message(0)[:-1] + b"y")
    recording, held = read_journal(path)
    assert recording.delivered.sequence.tolist() == [NEVER]
    assert held == ()


def test_what_was_noted_outlives_sigkill(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    code = (
        "import os, signal, sys\nfrom pathlib import Path\n"
        "from harness.load.journal import Journal\n"
        "Journal(Path(sys.argv[1])).begin(0)(sys.argv[2].encode())\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path), message(5).decode()], check=False)
    assert done.returncode == -signal.SIGKILL
    _, held = read_journal(path)
    assert held == ((1, 5),)


@given(st.binary(max_size=39))
def test_half_a_row_at_the_end_is_left_out(
    tmp_path_factory: pytest.TempPathFactory, tail: bytes
) -> None:
    path = tmp_path_factory.mktemp("journal") / "journal"
    whole = np.array([[1, 10, 0, 1, 0], [0, 20, 0, 1, 1]], dtype=np.int64)
    path.write_bytes(whole.tobytes() + tail[:39])
    recording, held = read_journal(path)
    assert recording.delivered.sequence.tolist() == [0]
    assert held == ((1, 1),)
