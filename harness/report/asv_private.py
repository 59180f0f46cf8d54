"""A plug-in for asv: no host name in its records, and no host name or path in its pages.

asv calls a machine by the name of its host, and an interpreter by its path: in the folders of its
records, in what it prints, in the data and the folders of its pages. This names a machine by CPU
and cores, or as ``ABEC_MACHINE`` says, from ``asv run`` on; ``asv publish`` renames what is left.
"""

from __future__ import annotations

import functools
import platform
import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from asv.commands.publish import Publish
from asv.machine import Machine
from asv.util import UserError

from harness.errors import BadInput
from harness.report.pages.asv_site import anonymise
from harness.report.pages.private import chosen_machine, own_names, published

_UNHANDY = re.compile(r"[^\w.+-]+")
"""What a shell or a file system might take for something else."""


def setup() -> None:
    """Have asv's records and pages name no host; asv calls this on loading.

    asv has no hook for either. ``~/.asv-machine.json``, where it looks the machine up by its host,
    stays as it is.
    """
    if hasattr(Machine.load, "__wrapped__"):
        return  # a command that runs another one loads its plug-ins again
    load, publish = Machine.load, Publish.run

    @functools.wraps(load)
    def load_named(
        _: type[Any], /, *args: Any, machine_name: str | None = None, **kwargs: Any
    ) -> Any:
        host = platform.node()
        own = machine_name in (None, record_name(Machine.get_defaults()))
        machine = load(*args, machine_name=host if own else machine_name, **kwargs)
        if machine.machine == host:
            machine.machine = record_name(vars(machine))
        return machine

    @functools.wraps(publish)
    def publish_renamed(_: type[Any], /, conf: Any, *args: Any, **kwargs: Any) -> Any:
        code = publish(conf, *args, **kwargs)
        try:
            clean = partial(published, names=own_names())
            anonymise(Path(conf.html_dir), chosen_machine(), clean)
        except BadInput as error:
            raise UserError(str(error)) from error
        return code

    Machine.load = classmethod(load_named)
    Machine.get_unique_machine_name = staticmethod(lambda: record_name(Machine.get_defaults()))
    Publish.run = classmethod(publish_renamed)


def record_name(facts: Mapping[str, Any]) -> str:
    """Name the machine that asv knows these facts of, as a folder of its records is called."""
    told = f"{facts.get('cpu', platform.machine())}, {facts.get('num_cpu', '?')} cores"
    return _UNHANDY.sub("-", chosen_machine() or told).strip("-.")
