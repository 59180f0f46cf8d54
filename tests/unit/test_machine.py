"""The machine as a value."""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import sys
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest

from harness import machine
from harness.machine import read_machine

ARM = "processor\t: 0\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU part\t: 0xd0c\n"
INTEL = "processor\t: 0\nmodel name\t: Intel(R) Xeon(R)\nflags\t\t: fpu vme hypervisor lahf_lm\n"


def test_it_reads_this_machine():
    seen = read_machine()
    assert set(seen.cores) == os.sched_getaffinity(0)
    assert list(seen.cores) == sorted(seen.cores)
    assert seen.cpu
    assert seen.clock_source
    assert seen.kernel == os.uname().release
    assert seen.python == f"{platform.python_implementation()} {platform.python_version()}"
    assert 1 << 28 < seen.memory < 1 << 50
    assert 0 < seen.open_files <= seen.open_files_hard
    assert 1024 <= seen.port_range[0] < seen.port_range[1] < 65536
    assert seen.libraries["uvicorn"] == version("uvicorn")
    assert set(seen.libraries) <= set(machine.LIBRARIES)


def test_the_commit_is_that_of_the_checkout():
    root = Path(machine.__file__).parents[1]
    if not (root / ".git").exists():
        pytest.skip("not a checkout")
    head = subprocess.run(
        ("git", "-C", str(root), "rev-parse", "HEAD"), capture_output=True, text=True, check=True
    )
    assert read_machine().commit == head.stdout.strip()


def test_an_installation_inside_another_repository_has_no_commit(tmp_path, monkeypatch):
    subprocess.run(("git", "init", "-q", str(tmp_path)), check=True)
    inside = tmp_path / "env" / "site-packages"
    inside.mkdir(parents=True)
    monkeypatch.setattr(machine, "_ROOT", inside)
    seen = read_machine()
    assert (seen.commit, seen.dirty) == ("", False)


def test_a_change_makes_the_checkout_dirty(tmp_path, monkeypatch):
    def git(*arguments: str) -> None:
        who = ("-c", "user.name=a", "-c", "user.email=a@b")
        subprocess.run(("git", "-C", str(tmp_path), *who, *arguments), check=True)

    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "first")
    monkeypatch.setattr(machine, "_ROOT", tmp_path)
    clean = read_machine()
    assert len(clean.commit) == 40
    assert not clean.dirty
    (tmp_path / "new").write_text("x")
    assert read_machine().dirty
    monkeypatch.setenv("PATH", "")
    assert read_machine().commit == ""


def test_the_fingerprint_holds_still_unless_cpu_cores_or_hypervisor_change():
    seen = read_machine()
    same = replace(seen, kernel="9.9", python="CPython 9", libraries={}, commit="", memory=1)
    assert same.fingerprint == seen.fingerprint
    assert replace(seen, cores=(4, 5, 6)).fingerprint != seen.fingerprint
    assert replace(seen, cpu="another").fingerprint != seen.fingerprint
    assert replace(seen, virtualisation="another").fingerprint != seen.fingerprint
    assert replace(seen, cores=tuple(core + 1 for core in seen.cores)).fingerprint == (
        seen.fingerprint
    )


def test_processors_with_and_without_a_name():
    assert machine._cpu(INTEL) == "Intel(R) Xeon(R)"
    assert machine._cpu(ARM) == f"{platform.machine()} 0x41 0xd0c"
    assert machine._virtualisation(INTEL)


@pytest.mark.skipif(Path("/sys/hypervisor/type").exists(), reason="this is a Xen guest")
def test_no_hypervisor_flag_means_none_seen():
    assert machine._virtualisation(INTEL.replace("hypervisor ", "")) == ""
    assert machine._virtualisation(ARM) == ""


def test_open_files_are_raised_to_the_hard_limit():
    code = (
        "import resource; from harness.machine import raise_open_files, read_machine\n"
        "hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (100, hard))\n"
        "print(raise_open_files(), *resource.getrlimit(resource.RLIMIT_NOFILE),"
        " read_machine().open_files)\n"
    )
    done = subprocess.run((sys.executable, "-c", code), capture_output=True, text=True, check=True)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard == resource.RLIM_INFINITY:
        pytest.skip("there is no limit")
    assert done.stdout.split() == [str(hard)] * 4
