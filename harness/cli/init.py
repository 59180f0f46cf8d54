"""``abec init``: write a commented file of scenarios to start from."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import click

from harness.errors import BadInput
from harness.scenario import read_scenarios

_TEMPLATE = "scenarios.toml"


@click.command(context_settings={"max_content_width": 100})
@click.argument("file", default="abec.toml")
def command(file: str) -> int:
    """Write FILE [abec.toml]: scenarios of your own, each field with a comment.

    \b
    Examples:
      abec init
      abec init load/our-chat.toml

    The same file drives abec run, abec compare and asv. A file that exists is left alone.
    """
    _write(Path(file), template())
    names = ", ".join(read_scenarios(file))
    click.echo(
        f"wrote {file}: scenarios {names}\n"
        "next:\n"
        f"  edit {file}\n"
        f"  abec run --scenario {file}\n"
        f"  abec compare --scenario {file}"
    )
    return 0


def template() -> str:
    """Give the text of the commented file."""
    return files("harness.cli").joinpath(_TEMPLATE).read_text(encoding="utf-8")


def _write(path: Path, text: str) -> None:
    if not path.name.endswith(".toml"):
        raise BadInput("FILE", path, f"must end in .toml; for example {path.stem}.toml")
    try:
        with path.open("x", encoding="utf-8") as file:
            try:
                file.write(text)
                file.flush()
            except OSError:
                path.unlink()
                raise
    except FileExistsError:
        raise BadInput("FILE", path, "exists and is left alone; name another one") from None
    except OSError as error:
        raise BadInput(
            "FILE", path, f"cannot be written ({error.strerror}); name another one"
        ) from error
