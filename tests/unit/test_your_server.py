"""docs/your-server.md shows the examples as they are. Run as a script, this file puts them in."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "your-server.md"
EXAMPLES = ("websocket_server.py", "websocket_server.js", "sse_server.js", "polling_server.js")


def with_examples(text: str) -> str:
    """Put the examples, in this order, into the code blocks of the page."""
    blocks = re.compile(r"^```(?:python|js)\n.*?^```", re.MULTILINE | re.DOTALL)
    codes = iter(EXAMPLES)

    def shown(_old: re.Match[str]) -> str:
        name = next(codes)
        code = (ROOT / "examples" / name).read_text(encoding="utf-8")
        return f"```{'python' if name.endswith('.py') else 'js'}\n{code}```"

    return blocks.sub(shown, text)


def test_the_page_shows_the_examples_as_they_are() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text == with_examples(text), f"stale: .venv/bin/python {Path(__file__).name}"


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_short_and_there(name: str) -> None:
    code = (ROOT / "examples" / name).read_text(encoding="utf-8")
    assert code in PAGE.read_text(encoding="utf-8")
    assert len(code.splitlines()) <= 65


if __name__ == "__main__":
    PAGE.write_text(with_examples(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
