"""The stamps of a run as a file: everything that its figures were computed from.

A NumPy archive (``.npz``): a column of differences for each column of the recording, and a JSON
text with the rest, the snapshots of processes and host. It takes about 12 bytes a message, 7 a
delivery, and 5,000.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

import cattrs
import numpy as np

from harness.errors import BadInput, NotMeasured
from harness.faults.strike import Blow
from harness.measure.given import GivenSeen
from harness.measure.resources import HostSnapshot, ServerSnapshot
from harness.measure.tallies import GatewayTally
from harness.observe import Observation, Stall
from harness.process.redis_depth import Depth
from harness.recording import (
    Delivered,
    Ints,
    LoadProcess,
    Published,
    Recording,
    Relayed,
    Returned,
    Traffic,
)
from harness.result import Stamps
from harness.whole_file import write_whole

FORMAT = 2
"""Raised whenever files of before cannot be read any more."""
_FACTS = "facts"
_UNREADABLE = (EOFError, KeyError, OSError, TypeError, ValueError, zipfile.BadZipFile, zlib.error)
_Table = TypeVar("_Table", Published, Delivered, Returned)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Process:
    """A load process without its columns."""

    role: str
    pid: int
    core: int | None
    peak_rss_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """An observation without its columns."""

    format: int
    window_ns: tuple[int, int]
    servers: tuple[ServerSnapshot, ServerSnapshot]
    idle_servers: ServerSnapshot
    host: tuple[HostSnapshot, HostSnapshot]
    pinned: Mapping[int, int | None]
    redis_label: str
    redis_counters: Mapping[str, int]
    started_at: str
    stalls: tuple[Stall, ...]
    depths: tuple[Depth, ...]
    left: int | None
    blow: Blow | None
    notes: Mapping[str, int]
    traffic: Traffic
    connections: int
    processes: tuple[_Process, ...]
    tls_label: str = ""
    relay: int | None = None
    """The process id of the relay, where there was one."""
    unrecorded: int = 0
    """What that relay did not keep."""
    server_names: Mapping[int, str] = field(default_factory=dict)
    tallies: tuple[tuple[GatewayTally, ...], tuple[GatewayTally, ...]] = ((), ())
    given: GivenSeen | None = None


def beside(series: Path, number: int, pattern: str) -> str:
    """Name the file of a series' run, relative to the folder of the series' own."""
    return f"{series.stem}.stamps/{number:03d}-{pattern}.npz"


def keep(seen: Observation, series: Path, name: str) -> Stamps:
    """Write what was seen of a run to ``name``, beside ``series``, whole or not at all.

    Raises:
        NotMeasured: the file could not be written.
    """
    content = _written(seen)
    path = series.parent / name
    try:
        write_whole(path, content)
    except OSError as error:
        raise NotMeasured(f"{path}: the stamps could not be saved: {error.strerror}") from error
    return Stamps(file=name, sha256=hashlib.sha256(content).hexdigest())


def unchanged(stamps: Stamps, series: Path) -> bool:
    """Tell whether the file that ``series`` refers to is the one that was written.

    Raises:
        OSError: it cannot be read.
    """
    content = (series.parent / stamps.file).read_bytes()
    return hashlib.sha256(content).hexdigest() == stamps.sha256


def read(path: Path) -> Observation:
    """Read what ``keep`` wrote.

    Raises:
        BadInput: it is no such file, or one of another format.
    """
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as archive:
            columns = {name: np.cumsum(archive[name], dtype=np.int64) for name in _columns(archive)}
            facts = _read_facts(bytes(archive[_FACTS]))
        return _observation(facts, columns)
    except (*_UNREADABLE, cattrs.BaseValidationError) as error:
        raise BadInput(
            str(path), "", f"holds no stamps of this format ({type(error).__name__}); measure again"
        ) from error


def _columns(archive: Mapping[str, Any]) -> list[str]:
    return [name for name in archive if name != _FACTS]


def _read_facts(text: bytes) -> _Facts:
    stored = json.loads(text)
    if stored["format"] != FORMAT:
        raise ValueError(f"format {stored['format']}")
    # Names of processes and cores are numbers, which JSON has no keys of: they are read back.
    return cattrs.Converter(forbid_extra_keys=True).structure(stored, _Facts)


def _written(seen: Observation) -> bytes:
    recording = seen.recording
    facts = _Facts(
        format=FORMAT,
        window_ns=seen.window_ns,
        servers=seen.servers,
        idle_servers=seen.idle_servers,
        host=seen.host,
        pinned=seen.pinned,
        redis_label=seen.redis_label,
        redis_counters=seen.redis_counters,
        started_at=seen.started_at,
        stalls=seen.stalls,
        depths=seen.depths,
        left=seen.left,
        blow=seen.blow,
        notes=recording.notes,
        traffic=recording.traffic,
        connections=recording.connections,
        processes=tuple(
            _Process(role=one.role, pid=one.pid, core=one.core, peak_rss_bytes=one.peak_rss_bytes)
            for one in recording.processes
        ),
        tls_label=seen.tls_label,
        relay=None if seen.relayed is None else seen.relayed.pid,
        unrecorded=0 if seen.relayed is None else seen.relayed.unrecorded,
        server_names=seen.server_names,
        tallies=seen.tallies,
        given=seen.given,
    )
    text = json.dumps(cattrs.Converter().unstructure(facts)).encode()
    columns = [*_named(recording), *_relayed(seen.relayed)]
    arrays = {name: np.diff(column, prepend=0) for name, column in columns}
    arrays[_FACTS] = np.frombuffer(text, dtype=np.uint8)
    content = io.BytesIO()
    # mypy takes the archive's names for the function's own option.
    np.savez_compressed(content, **arrays)  # type: ignore[arg-type]
    return content.getvalue()


def _named(recording: Recording) -> Iterator[tuple[str, Ints]]:
    """Give every column with the name that it has in the archive."""
    for table in (recording.published, recording.delivered, recording.returned):
        for column in fields(table):
            yield f"{_title(type(table))}.{column.name}", getattr(table, column.name)
    yield "setup_ns", recording.setup_ns
    for number, process in enumerate(recording.processes):
        yield f"process{number}.at_ns", process.at_ns
        yield f"process{number}.cpu_ns", process.cpu_ns


def _relayed(relayed: Relayed | None) -> Iterator[tuple[str, Ints]]:
    if relayed is not None:
        yield "relay.due_ns", relayed.due_ns
        yield "relay.late_ns", relayed.late_ns


def _title(kind: type) -> str:
    return kind.__name__.lower()


def _table(kind: type[_Table], columns: Mapping[str, Ints]) -> _Table:
    return kind(**{one.name: columns[f"{_title(kind)}.{one.name}"] for one in fields(kind)})


def _observation(facts: _Facts, columns: Mapping[str, Ints]) -> Observation:
    return Observation(
        recording=Recording(
            published=_table(Published, columns),
            delivered=_table(Delivered, columns),
            # Files of before reconnections were told hold none.
            returned=_table(Returned, columns) if "returned.receiver" in columns else Returned(),
            setup_ns=columns["setup_ns"],
            notes=facts.notes,
            traffic=facts.traffic,
            connections=facts.connections,
            processes=tuple(
                LoadProcess(
                    role=one.role,
                    pid=one.pid,
                    core=one.core,
                    at_ns=columns[f"process{number}.at_ns"],
                    cpu_ns=columns[f"process{number}.cpu_ns"],
                    peak_rss_bytes=one.peak_rss_bytes,
                )
                for number, one in enumerate(facts.processes)
            ),
        ),
        window_ns=facts.window_ns,
        servers=facts.servers,
        idle_servers=facts.idle_servers,
        host=facts.host,
        pinned=facts.pinned,
        redis_label=facts.redis_label,
        redis_counters=facts.redis_counters,
        started_at=facts.started_at,
        stalls=facts.stalls,
        depths=facts.depths,
        left=facts.left,
        blow=facts.blow,
        tls_label=facts.tls_label,
        relayed=None
        if facts.relay is None
        else Relayed(
            pid=facts.relay,
            due_ns=columns["relay.due_ns"],
            late_ns=columns["relay.late_ns"],
            unrecorded=facts.unrecorded,
        ),
        server_names=facts.server_names,
        tallies=facts.tallies,
        given=facts.given,
    )
