"""The registry: names, suggestions, refusals, and plug-ins that are broken."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from harness import registry
from harness.errors import BadInput, Exit
from harness.pattern import Pattern
from harness.workload import Exchange

ROOT = Path(__file__).parents[2]


def test_names_are_sorted_and_import_nothing() -> None:
    program = """
        import sys
        from harness.registry import names
        assert list(names()) == sorted(names())
        assert {"floor", "floor@no-loop", "redis_pubsub", "redis_queue", "sse"} <= set(names())
        assert not any(module.startswith("harness.patterns") for module in sys.modules)
    """
    lines = "\n".join(line.strip() for line in program.splitlines())
    subprocess.run((sys.executable, "-c", lines), check=True, cwd=ROOT, timeout=30)


def test_a_pattern_is_loaded_by_its_name_and_once() -> None:
    pattern = registry.load("floor@no-loop")
    assert isinstance(pattern, Pattern)
    assert (pattern.name, pattern.family, pattern.floor) == (
        "floor@no-loop",
        "floor",
        "floor@no-loop",
    )
    assert registry.load("floor@no-loop") is pattern


@pytest.mark.parametrize(
    ("name", "guess"),
    [
        ("websockt", "did you mean websocket? "),
        ("floor@noloop", "did you mean floor@no-loop? "),
        ("floor@uvloop", "did you mean floor? "),
        ("redis-queue", "did you mean redis_queue? "),
        ("carrier pigeon", ""),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(name: str, guess: str) -> None:
    with pytest.raises(BadInput) as caught:
        registry.load(name)
    count = len(registry.names())
    assert str(caught.value) == (
        f'pattern "{name}": not registered; {guess}(abec patterns shows all {count})'
    )
    assert caught.value.exit_code is Exit.BAD_INPUT


def test_an_exchange_that_the_pattern_carries_is_let_through() -> None:
    for exchange in registry.load("floor").exchanges:
        registry.require_exchange(registry.load("floor"), exchange)


@pytest.mark.parametrize(
    ("carried", "asked", "message"),
    [
        (
            {Exchange.BROADCAST},
            Exchange.WORK_QUEUE,
            "mine with exchange work_queue: every subscriber gets every message; "
            "redis_queue does this",
        ),
        (
            {Exchange.WORK_QUEUE},
            Exchange.BROADCAST,
            "mine with exchange broadcast: each message goes to exactly one consumer; "
            "sse does this",
        ),
        (
            {Exchange.BROADCAST, Exchange.REQUEST_REPLY},
            Exchange.WORK_QUEUE,
            "mine with exchange work_queue: every subscriber gets every message; "
            "each message is answered to the one that sent it; redis_queue does this",
        ),
    ],
)
def test_a_foreign_exchange_is_refused_with_who_carries_it(
    carried: set[Exchange], asked: Exchange, message: str
) -> None:
    pattern = replace(registry.load("floor"), name="mine", exchanges=frozenset(carried))
    with pytest.raises(BadInput) as caught:
        registry.require_exchange(pattern, asked)
    assert str(caught.value) == message


def ask_with_packages(directory: Path, packages: Mapping[str, str], ask: str) -> str:
    """Let a fresh interpreter ask the registry beside ``packages``; give what it answers.

    Each package is one module, whose text is given, and registers its ``PATTERN`` as ``mine``.
    """
    for package, text in packages.items():
        (directory / f"{package}.py").write_text(text)
        metadata = directory / f"{package}-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n"
        )
        (metadata / "entry_points.txt").write_text(f"[abec.patterns]\nmine = {package}:PATTERN\n")
    program = (
        "from harness import registry\n"
        "from harness.errors import AbecError\n"
        f"try: print({ask})\n"
        "except AbecError as error: print(int(error.exit_code), error)\n"
    )
    return subprocess.run(
        (sys.executable, "-c", program),
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={"PYTHONPATH": str(directory)},
        timeout=30,
    ).stdout.rstrip()


def test_a_plug_in_that_cannot_be_imported_is_named_with_its_package(tmp_path: Path) -> None:
    text = "raise RuntimeError('no licence\\nfound')"
    assert ask_with_packages(tmp_path, {"acme_gateway": text}, "registry.load('mine')") == (
        '3 pattern "mine" of package acme_gateway cannot be imported (RuntimeError: no licence '
        "found); repair or uninstall that package"
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("PATTERN = 5", "int"),
        ("from harness.patterns.floor import FLOOR as PATTERN", "the pattern floor"),
    ],
)
def test_a_plug_in_must_hold_a_pattern_of_its_name(tmp_path: Path, text: str, found: str) -> None:
    assert ask_with_packages(tmp_path, {"acme": text}, "registry.load('mine')") == (
        f'3 pattern "mine" of package acme: its entry point acme:PATTERN is {found}; '
        "it must be a harness.pattern.Pattern named mine"
    )


def test_a_broken_plug_in_does_not_hide_the_others(tmp_path: Path) -> None:
    ask = "registry.load('floor').name, 'mine' in registry.names()"
    assert ask_with_packages(tmp_path, {"acme": "import nowhere"}, ask) == "floor True"


def test_two_packages_cannot_register_one_name(tmp_path: Path) -> None:
    answer = ask_with_packages(tmp_path, {"acme": "", "bolt": ""}, "registry.names()")
    assert answer.startswith('3 pattern "mine" is registered by ')
    assert "acme" in answer
    assert "bolt" in answer
    assert answer.endswith("; uninstall or rename one")
