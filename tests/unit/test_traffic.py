"""What is noticed of requests on their way in."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from caldavd.traffic import ClearText, kind


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", "other"),
        ("/favicon.ico", "other"),
        ("/.well-known/caldav", "other"),
        ("/dav/", "root"),
        ("/dav", "root"),
        ("/dav/?x=/y/z", "root"),
        ("/dav/principals/", "collection"),
        ("/dav/principals/ann/", "principal"),
        ("/dav/calendars/ann/", "home"),
        ("/dav/calendars/ann/work/", "calendar"),
        ("/dav/calendars/ann/work/a%2Fb.ics", "object"),
        ("/dav/calendars/ann/work/a/b/c/d", "other"),
        ("*", "other"),
    ],
)
def test_the_kind_of_a_url_is_one_of_a_few_words(path: str, expected: str) -> None:
    assert kind(path, "") == expected


def test_the_prefix_of_a_proxy_is_no_part_of_it() -> None:
    assert kind("/caldav/dav/calendars/ann/", "/caldav") == "home"


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        return self.now


@pytest.mark.parametrize(
    ("peer", "warned"),
    [
        ("192.0.2.1", True),
        ("2001:db8::1", True),
        ("fe80::1%eth0", True),
        ("127.0.0.1", False),
        ("::1", False),
        ("", False),
        ("10.1.2.3", False),
    ],
)
def test_a_readable_password_is_warned_of_unless_it_stays_at_home(
    peer: str, warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    ClearText([ip_network("10.0.0.0/8")], Clock()).seen(peer)

    assert [vars(one)["address"] for one in caplog.records] == [peer] * warned


def test_the_warning_comes_once_an_hour_for_each_address(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = Clock()
    clear_text = ClearText([], clock)

    for clock.now in (0, 1, 3599, 3600, 3601):
        clear_text.seen("192.0.2.1")
        clear_text.seen("192.0.2.2")

    assert len(caplog.records) == 4
