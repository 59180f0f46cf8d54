"""Series to JSON and back, in one versioned shape; a reader that refuses what it doesn't know."""

from __future__ import annotations

import gzip
import json
import zlib
from enum import Enum
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import cattrs

from harness.errors import BadInput, NotMeasured
from harness.result import SCHEMA_VERSION, Series
from harness.whole_file import write_whole

Document = TypeVar("Document")

_HINT = "a result is a file that abec run saved"
_INDENT = 1
"""One value a line, so that two files can be told apart by any diff."""


def to_json(document: object) -> str:
    """Write a series, or another document, as the text of its file. Infinite times are ``null``.

    Raises:
        ValueError: a number is not finite; documents hold None there.
    """
    return json.dumps(
        _converter().unstructure(document), indent=_INDENT, ensure_ascii=False, allow_nan=False
    )


def save(series: Series, path: Path) -> None:
    """Write a series to ``path``, whole or not at all, making its directory where needed.

    A file of that name is replaced at once by the complete new one: a reader sees either.

    Raises:
        NotMeasured: the file could not be written; nothing half-written is left.
    """
    save_document(series, path, "the result")


def save_document(document: object, path: Path, what: str = "") -> None:
    """Write a frozen dataclass as JSON, as ``save`` does; ``what`` names it for the error.

    Raises:
        NotMeasured: the file could not be written; nothing half-written is left.
    """
    try:
        write_whole(path, to_json(document) + "\n")
    except OSError as error:
        subject = f"{what} could" if what else "could"
        raise NotMeasured(f"{path}: {subject} not be saved: {error.strerror}") from error


def load(path: Path) -> Series:
    """Read a series that ``save`` wrote, or its gzip where the name ends in ``.gz``.

    Raises:
        BadInput: no such file, no JSON, another schema version, or not of this schema's shape
            (an unknown key, a missing one, a value of another type), with the path to it.
    """
    return from_json(text_of(path, _HINT), str(path))


def text_of(path: Path, hint: str) -> str:
    """Read the text of a file; ``hint`` says what such a file is.

    Raises:
        BadInput: there is no such file, or it is no text.
    """
    try:
        stored = path.read_bytes()
        return (gzip.decompress(stored) if path.suffix == ".gz" else stored).decode("utf-8")
    except FileNotFoundError:
        raise BadInput(str(path), "", "no such file") from None
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise BadInput(str(path), "", f"is no whole gzip: {error}") from error
    except OSError as error:
        raise BadInput(str(path), "", f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise BadInput(str(path), "", f"is no text; {hint}") from None


def from_json(text: str, name: str) -> Series:
    """Read a series from the text of a file called ``name``.

    Raises:
        BadInput: as ``load`` does.
    """
    return parsed(text, name, Series, SCHEMA_VERSION, _HINT)


def parsed(text: str, name: str, kind: type[Document], version: int, hint: str) -> Document:
    """Read a document of ``kind`` from the text of a file called ``name``.

    ``hint`` says what such a file is, to whoever gave another one.

    Raises:
        BadInput: no JSON, another schema version, or another shape, with the path to it.
    """
    try:
        stored = json.loads(text, parse_constant=_no_number)
    except ValueError as error:
        raise BadInput(name, "", f"is no JSON: {error}") from None
    if not isinstance(stored, dict) or "schema" not in stored:
        raise BadInput(name, "", f"has no schema version; {hint}")
    if stored["schema"] != version:
        raise BadInput(
            name,
            "",
            f"schema {stored['schema']}: this reader knows {version}; measure again, "
            "or read it with the version that wrote it",
        )
    try:
        return _converter().structure(stored, kind)
    except cattrs.BaseValidationError as error:
        faults = cattrs.transform_error(error, path="", format_exception=_fault)
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        fault = faults[0].removesuffix(" @ ").replace(" @ .", " at ")
        raise BadInput(name, "", fault + more) from None


def _converter() -> cattrs.Converter:
    """Make a converter that takes types literally: no ``int("3")``, no ``int(3.7)``."""
    converter = cattrs.Converter(forbid_extra_keys=True)
    for kind in (int, float, str, bool):
        converter.register_structure_hook(kind, _exactly)
    return converter


def _exactly(value: Any, kind: type) -> Any:
    if issubclass(kind, Enum):
        return kind(value)
    if type(value) is kind:
        return value
    if kind is float and type(value) is int:
        return float(value)
    raise ValueError(f"{json.dumps(value)[:40]} is no {kind.__name__}")


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number; infinite times are null")


def _fault(error: BaseException, _kind: type | None) -> str:
    """Say in a few words what is wrong with one value."""
    if isinstance(error, cattrs.ForbiddenExtraKeysError):
        return f"unknown key {', '.join(sorted(error.extra_fields))}"
    if isinstance(error, KeyError):
        return f"missing key {error.args[0]}"
    if isinstance(error, AttributeError | TypeError):
        return "has another shape than this schema's"
    return str(error)
