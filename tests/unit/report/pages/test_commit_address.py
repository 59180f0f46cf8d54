"""The address of a commit: from the asv configuration that the records belong to, and no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import BadInput
from harness.report.pages.commit_address import commit_address


@pytest.fixture
def records(tmp_path: Path) -> Path:
    folder = tmp_path / "results/asv"
    folder.mkdir(parents=True)
    return folder


def configure(records: Path, name: str, *lines: str) -> None:
    (records.parents[1] / name).write_text("{" + ",\n".join(lines) + "}")


def test_it_is_that_of_the_configuration_whose_records_they_are(records: Path) -> None:
    own = (
        '"results_dir": "results/asv"',
        '// "project": "x"\n"show_commit_url": "https://a.org/c/"',
    )
    configure(records, "asv.conf.json", *own)
    other = ('"results_dir": "results/other"', '"show_commit_url": "https://b.org/c/"')
    configure(records, "asv.a.conf.json", *other)
    assert commit_address(records) == "https://a.org/c/"


@pytest.mark.parametrize("line", ['"project": "x"', '"show_commit_url": "#"'])
def test_where_none_is_set_there_is_none(line: str, records: Path) -> None:
    configure(records, "asv.conf.json", '"results_dir": "results/asv"', line)
    assert commit_address(records) == ""


def test_a_configuration_that_cannot_be_read_is_not_asked(records: Path) -> None:
    configure(records, "asv.conf.json", '"results_dir"')
    assert commit_address(records) == ""


def test_what_is_no_address_is_refused(records: Path) -> None:
    line = '"show_commit_url": "javascript:alert(1)"'
    configure(records, "asv.conf.json", '"results_dir": "results/asv"', line)
    expected = r"^asv\.conf\.json, show_commit_url .*javascript.*: must begin with https://"
    with pytest.raises(BadInput, match=expected):
        commit_address(records)
