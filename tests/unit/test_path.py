"""URL paths (RFC 3986 §2, §3.3)."""

from __future__ import annotations

import pytest

from caldavd.dav.path import Urls
from caldavd.errors import Failed


@pytest.mark.parametrize(
    ("raw", "segments"),
    [
        ("/dav/calendars/ann/a-1_~@.ics", ("dav", "calendars", "ann", "a-1_~@.ics")),
        ("/dav/calendars/ann/", ("dav", "calendars", "ann")),
        ("/dav/a%20b/%C3%A9.ics?x", ("dav", "a b", "é.ics")),
        ("/dav/" + "a" * 1_000, ("dav", "a" * 1_000)),
        ("/dav/.hidden", ("dav", ".hidden")),
        ("/", ()),
    ],
)
def test_segments_are_decoded(raw: str, segments: tuple[str, ...]) -> None:
    assert Urls().parse(raw).segments == segments


@pytest.mark.parametrize("raw", ["/dav/../x", "/dav/.", "/dav//x", "/a/%00", "/" + "a" * 1_001])
def test_segments_that_mean_something_else_are_refused(raw: str) -> None:
    with pytest.raises(Failed):
        Urls().parse(raw)
