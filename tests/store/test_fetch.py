"""Feeds are fetched from the Internet alone, and never more of them than may be."""

from __future__ import annotations

import gzip
import socket
import zlib
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from caldavd.workers.fetch import (
    ALLOW,
    MAX_REDIRECTS,
    Bounds,
    FeedError,
    Fetched,
    Known,
    PublicResolver,
    Visit,
    fetch,
)
from tests.store.feeds import Site, serving

LOCAL = Bounds(max_bytes=10_000, timeout_s=5, allow_private=True)
PUBLIC = Bounds(max_bytes=10_000, timeout_s=5)
NOT_PUBLIC = f"its address is not public: {ALLOW}"
NO_PUBLIC = f"the host has no public address: {ALLOW}"
TEXT = "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with serving() as running:
        running.say(TEXT)
        yield running


class Names(AbstractResolver):
    """Says other addresses each time, the last ones for ever."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            ResolveResult(hostname=host, host=one, port=port, family=family, proto=0, flags=0)
            for one in found
        ]

    async def close(self) -> None:
        """There is nothing to close."""


async def reason(
    source: str,
    bounds: Bounds = LOCAL,
    resolver: AbstractResolver | None = None,
) -> str:
    """Why a feed cannot be had."""
    with pytest.raises(FeedError) as caught:
        await fetch(source, Known(), bounds, resolver)
    return caught.value.reason


def body(found: Fetched) -> str:
    assert found.body is not None
    return found.body.read().decode()


async def test_a_feed_comes_with_what_tells_whether_it_changes(site: Site) -> None:
    site.say(TEXT, ETag='"1"', Last_Modified="Sat, 21 Nov 2026 08:00:00 GMT")

    found = await fetch(site.url + "/a.ics", Known(), LOCAL)

    assert (body(found), found.known) == (TEXT, Known('"1"', "Sat, 21 Nov 2026 08:00:00 GMT"))


async def test_validators_that_cannot_be_sent_back_are_dropped(site: Site) -> None:
    site.say(TEXT, ETag='"\u00e9"', Last_Modified="\u00e9")

    found = await fetch(site.url + "/a.ics", Known(), LOCAL)

    assert (body(found), found.known) == (TEXT, Known())


async def test_a_feed_that_did_not_change_comes_without_a_body(site: Site) -> None:
    site.say(TEXT, ETag='"1"')
    known = Known('"1"', "Sat, 21 Nov 2026 08:00:00 GMT")

    found = await fetch(site.url, known, LOCAL)

    assert found == Fetched(None, known)
    assert site.asked[0].headers["If-Modified-Since"] == known.modified


@pytest.mark.parametrize(
    ("coding", "pack"),
    [("gzip", gzip.compress), ("x-gzip", gzip.compress), ("deflate", zlib.compress)],
)
async def test_a_packed_feed_is_unpacked(site: Site, coding: str, pack) -> None:
    site.body, site.headers = pack(TEXT.encode()), {"Content-Encoding": coding}

    assert body(await fetch(site.url, Known(), LOCAL)) == TEXT


@pytest.mark.parametrize(
    ("octets", "coding", "expected"),
    [
        (b"x" * 10_001, "", "it is longer than 10000 bytes"),
        (gzip.compress(b"x" * 100_000_000, mtime=0), "gzip", "it is longer than 10000 bytes"),
        (gzip.compress(b"x" * 10_001, mtime=0), "gzip", "it is longer than 10000 bytes"),
        (gzip.compress(b"xyz" * 99, mtime=0)[:-9], "gzip", "it ends in the middle"),
        (b"no gzip", "gzip", "the answer is broken (error)"),
        (b"x", "br", "it is packed in a way that was not asked for"),
    ],
)
async def test_what_is_too_long_or_broken_is_refused(
    site: Site, octets: bytes, coding: str, expected: str
) -> None:
    site.body, site.headers = octets, {"Content-Encoding": coding} if coding else {}

    assert await reason(site.url) == expected


@pytest.mark.parametrize("status", [201, 204, 206, 304, 400, 401, 404, 410, 500, 503])
async def test_other_statuses_are_no_feed(site: Site, status: int) -> None:
    site.status = status

    assert await reason(site.url) == f"the host answers with status {status}"


@pytest.mark.parametrize(
    ("header", "expected"), [("120", 120), ("99999999", 86_400), ("soon", 0), ("", 0)]
)
async def test_a_host_that_is_busy_says_when_to_come_again(
    site: Site, header: str, expected: int
) -> None:
    site.status = 503
    site.say("", Retry_After=header)

    with pytest.raises(FeedError) as caught:
        await fetch(site.url, Known(), LOCAL)

    assert caught.value.retry_after_s == expected


async def test_a_host_that_takes_too_long_is_left(site: Site) -> None:
    site.delay_s = 5

    bounds = Bounds(timeout_s=0.2, allow_private=True)
    assert await reason(site.url, bounds) == "there was no whole answer within 0.2 s"


async def test_a_host_that_does_not_answer_is_told(site: Site) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        source = f"http://127.0.0.1:{free.getsockname()[1]}/"

        assert await reason(source) == "the host cannot be found or reached"


@pytest.mark.parametrize(
    "source",
    [
        *("", "feed.ics", "/etc/passwd", "file:///etc/passwd", "ftp://example.com/a.ics"),
        *("gopher://example.com/", "data:text/calendar,BEGIN", "http://", "http:///a.ics"),
        *("javascript:1", "unix:///run/caldavd.sock", "http://[::1", "http://example.com:99999/"),
    ],
)
async def test_what_is_no_url_of_the_web_is_refused(source: str) -> None:
    names = Names(["93.184.216.34"])

    assert await reason(source, PUBLIC, names) in (
        "this is no URL",
        "a feed's URL begins with http://, https:// or webcal://, and has a host",
    )
    assert names.asked == []


# --- Whose network it is ---


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "0.0.0.0", "10.0.0.1", "169.254.169.254", "[::1]", "[::ffff:127.0.0.1]"),
        *("[64:ff9b::7f00:1]", "[fe80::1]", "127.1", "2130706433", "0177.0.0.1", "127.0.0.1."),
        "\uff11\uff12\uff17.0.0.1",
    ],
)
async def test_a_private_address_in_a_url_is_asked_nothing(site: Site, host: str) -> None:
    port = site.url.rpartition(":")[2]

    refused = await reason(f"http://{host}:{port}/", PUBLIC)

    assert refused in (NOT_PUBLIC, "this is no URL")
    assert site.asked == []


@pytest.mark.parametrize("host", ["localhost", "0x7f.0.0.1", "0x7f000001"])
async def test_a_name_of_this_machine_is_asked_nothing(site: Site, host: str) -> None:
    port = site.url.rpartition(":")[2]

    refused = await reason(f"http://{host}:{port}/", PUBLIC)

    assert refused in (NO_PUBLIC, "the host cannot be found or reached")
    assert site.asked == []


async def test_a_name_that_leads_into_a_private_network_is_asked_nothing(site: Site) -> None:
    port = site.url.rpartition(":")[2]
    names = Names(["127.0.0.1", "::1", "169.254.169.254"])

    refused = await reason(f"http://feed.example.com:{port}/", PUBLIC, names)

    assert (refused, site.asked) == (NO_PUBLIC, [])


async def test_of_the_addresses_of_a_name_only_the_public_ones_are_tried() -> None:
    names = Names(["127.0.0.1", "93.184.216.34", "::1", "10.0.0.1"])

    found = await PublicResolver(names).resolve("example.com", 80)

    assert [one["host"] for one in found] == ["93.184.216.34"]


async def test_an_answer_that_changes_after_it_was_judged_leads_nowhere(site: Site) -> None:
    """The second address would be ours, and the port is open there."""
    port = site.url.rpartition(":")[2]
    names = Names(["192.0.2.1", "93.184.216.34"], ["127.0.0.1"])
    bounds = Bounds(timeout_s=1)

    refused = await reason(f"http://rebound.example.com:{port}/", bounds, names)

    # What was judged was asked, and nobody was asked for the name again.
    assert refused in (
        "there was no whole answer within 1 s",
        "the host cannot be found or reached",
    )
    assert (names.asked, site.asked) == (["rebound.example.com"], [])


async def test_a_low_port_of_another_service_is_not_asked() -> None:
    names = Names(["93.184.216.34"])

    refused = await reason("http://mail.example.com:25/", PUBLIC, names)

    assert (refused, names.asked) == ("its port is none of a web server", [])


# --- Where it is moved to ---


async def test_a_feed_that_is_moved_into_a_private_network_is_not_followed(site: Site) -> None:
    port = site.url.rpartition(":")[2]
    places = [f"127.0.0.1:{port}", f"127.1:{port}", "169.254.169.254", f"[::1]:{port}"]
    site.moved = {f"/{number}": f"http://{place}/latest" for number, place in enumerate(places)}
    # The first connection alone is led to the site, as if it were public.
    connector = aiohttp.TCPConnector(resolver=Names(["127.0.0.1"]), use_dns_cache=False)
    reasons = []

    async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as session:
        for path in site.moved:
            with pytest.raises(FeedError) as caught:
                await Visit(session, PUBLIC, Known()).follow(f"http://a.example.com:{port}{path}")
            reasons.append(caught.value.reason)

    assert reasons == [NOT_PUBLIC] * len(places)
    assert [one.path for one in site.asked] == list(site.moved)


async def test_each_name_on_the_way_is_judged_by_its_own_addresses() -> None:
    resolver = PublicResolver(Names(["93.184.216.34"], ["10.0.0.1"]))

    await resolver.resolve("example.com", 443)

    with pytest.raises(FeedError):
        await resolver.resolve("internal.example.com", 443)


async def test_a_feed_that_is_moved_is_followed(site: Site) -> None:
    site.moved = {"/old.ics": "/newer.ics", "/newer.ics": f"{site.url}/new.ics"}

    found = await fetch(f"{site.url}/old.ics", Known(), LOCAL)

    assert body(found) == TEXT
    assert [one.path for one in site.asked] == ["/old.ics", "/newer.ics", "/new.ics"]


async def test_a_feed_that_is_moved_for_ever_is_left(site: Site) -> None:
    site.moved = {"/a": "/b", "/b": "/a"}

    assert await reason(f"{site.url}/a") == f"it is moved more than {MAX_REDIRECTS} times"
    assert len(site.asked) == MAX_REDIRECTS + 1


@pytest.mark.parametrize(
    "location",
    ["", "ftp://example.com/", "file:///etc/passwd", "http://ann:secret@127.0.0.1/", "http://["],
)
async def test_a_feed_that_is_moved_to_nowhere_is_left(site: Site, location: str) -> None:
    site.moved = {"/a": location}

    assert await reason(f"{site.url}/a") in (
        "it is moved to nowhere",
        "this is no URL",
        "a feed's URL begins with http://, https:// or webcal://, and has a host",
        "the answer is broken (ValueError)",
    )
    assert len(site.asked) == 1


async def test_a_password_goes_to_the_host_that_it_was_given_for(site: Site) -> None:
    async with serving() as other:
        other.say(TEXT)
        site.moved = {"/a": "/b", "/b": f"{other.url}/c"}
        source = site.url.replace("://", "://ann:s%20cret@") + "/a"

        await fetch(source, Known(), LOCAL)

    assert [one.headers.get("Authorization") for one in site.asked] == [
        "Basic YW5uOnMgY3JldA==",
        "Basic YW5uOnMgY3JldA==",
    ]
    assert [one.headers.get("Authorization") for one in other.asked] == [None]
