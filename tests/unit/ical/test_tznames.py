"""What a TZID means by its name."""

from __future__ import annotations

import pytest

from caldavd.ical.tznames import key_of, names
from caldavd.ical.windows import WINDOWS


@pytest.mark.rfc("5545 3.2.19")
@pytest.mark.parametrize(
    ("tzid", "key"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("US/Eastern", "US/Eastern"),
        ("europe/berlin", "Europe/Berlin"),
        ("AMERICA/NEW_YORK", "America/New_York"),
        ('"Europe/Berlin"', "Europe/Berlin"),
        (" Europe/Berlin ", "Europe/Berlin"),
        ("/mozilla.org/20050126_1/Europe/Berlin", "Europe/Berlin"),
        ("/mozilla.org/20070129_1/America/Argentina/Ushuaia", "America/Argentina/Ushuaia"),
        ("/freeassociation.sourceforge.net/Europe/Berlin", "Europe/Berlin"),
        ("/freeassociation.sourceforge.net/Tzfile/Europe/Berlin", "Europe/Berlin"),
        ("/softwarestudio.org/Olson_20011030_5/US/Eastern", "US/Eastern"),
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("w. europe standard time", "Europe/Berlin"),
        ("UTC", "Etc/UTC"),
        ("Z", "Etc/UTC"),
        ("gmt", "Etc/UTC"),
    ],
)
def test_a_name_is_known_in_each_of_its_spellings(tzid: str, key: str) -> None:
    assert key_of(tzid) == key


@pytest.mark.parametrize(
    "tzid",
    [
        "",
        "/",
        "Mars/Phobos",
        "../etc/passwd",
        "/../../etc/passwd",
        "Europe",
        "\0",
        "Europe/Berlin/",
        "localtime",
        "posixrules",
        "Factory",
        "right/Europe/Berlin",
        "posix/Europe/Berlin",
        "/x\r\nX-A:1/Europe/Berlin",
        "x" * 5_000,
    ],
)
def test_other_names_mean_nothing(tzid: str) -> None:
    assert key_of(tzid) is None


def test_every_name_of_windows_means_a_zone_of_the_database() -> None:
    assert {name: key_of(name) for name in WINDOWS} == WINDOWS
    assert set(WINDOWS.values()) <= names()
