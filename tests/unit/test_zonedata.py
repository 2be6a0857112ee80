"""The name of the zone database changes when its rules may have."""

from __future__ import annotations

import shutil
import zoneinfo
from collections.abc import Iterator
from pathlib import Path

import pytest

from caldavd import zonedata


@pytest.fixture
def zones(tmp_path: Path) -> Iterator[Path]:
    """The only directory of zones, with one zone in it."""
    before = zoneinfo.TZPATH
    berlin = next(
        Path(one, "Europe/Berlin") for one in before if Path(one, "Europe/Berlin").exists()
    )
    (tmp_path / "Europe").mkdir()
    shutil.copy(berlin, tmp_path / "Europe" / "Berlin")
    zoneinfo.reset_tzpath([str(tmp_path)])
    yield tmp_path
    zoneinfo.reset_tzpath(before)


def test_the_name_stays_as_long_as_the_zones_do(zones: Path) -> None:
    before = zonedata.version()
    (zones / "Europe" / "Berlin").touch()
    (zones / "zone.tab").write_text("no zone")

    assert zonedata.version() == before


def test_another_rule_of_one_zone_is_another_name(zones: Path) -> None:
    before = zonedata.version()
    with (zones / "Europe" / "Berlin").open("ab") as file:
        file.write(b"\n")

    assert zonedata.version() != before


def test_a_zone_by_another_name_is_another_name(zones: Path) -> None:
    before = zonedata.version()
    (zones / "Europe" / "Berlin").rename(zones / "Europe" / "Vienna")

    assert zonedata.version() != before


@pytest.mark.parametrize(
    ("name", "content"), [("tzdata.zi", "# version 2026a\nR d 1916 o"), ("+VERSION", "2026a\n")]
)
def test_what_the_zones_were_made_of_names_the_release(
    zones: Path, name: str, content: str
) -> None:
    (zones / name).write_text(content)
    before = zonedata.version()

    (zones / name).write_text(content + "\nmended by the distribution")

    assert before.startswith("2026a-")
    assert zonedata.version().startswith("2026a-")
    assert zonedata.version() != before


def test_copies_of_all_zones_need_not_be_read(zones: Path) -> None:
    before = zonedata.version()

    shutil.copytree(zones / "Europe", zones / "right" / "Europe")

    assert zonedata.version() == before


def test_without_a_directory_it_is_the_package_that_counts(zones: Path) -> None:
    with_directory = zonedata.version()

    zoneinfo.reset_tzpath([])

    assert zonedata.version().startswith(with_directory.partition("-")[0])
    assert zonedata.version() != with_directory
