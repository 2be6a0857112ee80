"""OPTIONS, and what is announced."""

from __future__ import annotations

from dataclasses import replace

import pytest

from caldavd.dav.path import Urls
from caldavd.dav.registry import METHODS
from caldavd.dav.server import Server
from tests.protocol.client import Client
from tests.unit.builders import event


@pytest.mark.rfc("4918 10.1")
@pytest.mark.rfc("4791 5.1")
@pytest.mark.rfc("5689 3.1")
async def test_options_announces_the_classes_first_and_then_the_features(
    ann: Client, calendar: str
):
    answer = await ann("OPTIONS", calendar)

    tokens = answer.headers["DAV"].split(", ")
    assert (answer.status, tokens[:3]) == (200, ["1", "2", "3"])
    assert {
        "access-control",
        "calendar-access",
        "calendar-proxy",
        "extended-mkcol",
    } <= set(tokens)


@pytest.mark.rfc("9110 9.3.7")
@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        (
            "main/",
            "OPTIONS GET HEAD PROPFIND REPORT POST DELETE PROPPATCH ACL COPY MOVE LOCK UNLOCK",
        ),
        (
            "main/a.ics",
            "OPTIONS GET HEAD PROPFIND REPORT PUT DELETE PROPPATCH COPY MOVE LOCK UNLOCK",
        ),
        ("main/new.ics", "OPTIONS PROPFIND PUT MKCALENDAR MKCOL LOCK UNLOCK"),
        ("", "OPTIONS GET HEAD PROPFIND REPORT POST PROPPATCH ACL LOCK UNLOCK"),
    ],
)
async def test_allow_names_the_methods_of_the_resource(
    ann: Client, calendar: str, path: str, allowed: str
):
    await ann.put(calendar + "a.ics", event(uid="a"))

    answer = await ann("OPTIONS", ann.home + path)

    assert answer.headers["Allow"].split(", ") == allowed.split()


@pytest.mark.rfc("9110 15.5.6")
async def test_a_method_that_is_not_allowed_is_405_and_says_which_are(ann: Client, calendar: str):
    answer = await ann.put(calendar, event(uid="a"))

    assert answer.status == 405
    assert answer.headers["Allow"] == (await ann("OPTIONS", calendar)).headers["Allow"]


@pytest.mark.rfc("9110 15.6.2")
@pytest.mark.parametrize("method", ["BREW", "SEARCH", "PATCH", "TRACE", "CONNECT", "get"])
async def test_a_method_that_is_unknown_is_501(ann: Client, calendar: str, method: str):
    answer = await ann(method, calendar)

    assert answer.status == 501


@pytest.mark.rfc("9110 9.3.7")
async def test_options_of_the_whole_server_is_answered(ann: Client):
    answer = await ann("OPTIONS", "*")

    assert (answer.status, answer.headers["DAV"].split(", ")[0]) == (200, "1")


@pytest.mark.rfc("9110 11.6.1")
@pytest.mark.parametrize("method", [row.name for row in METHODS])
async def test_every_method_challenges_whoever_shows_no_credentials(nobody: Client, method: str):
    answer = await nobody(method, "/dav/calendars/ann/")

    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="caldavd", charset="UTF-8"'


@pytest.mark.rfc("6764 5")
@pytest.mark.parametrize("method", ["GET", "PROPFIND", "OPTIONS", "PUT", "BREW"])
async def test_the_well_known_url_redirects_any_method(nobody: Client, method: str):
    answer = await nobody(method, "/.well-known/caldav")

    assert (answer.status, answer.headers["Location"]) == (301, "/dav/")


@pytest.mark.rfc("4791 5.1")
async def test_whatever_the_report_set_names_is_answered(ann: Client, calendar: str):
    names = "{DAV:}supported-report-set"
    announced = (await ann.propfind(calendar, "D:supported-report-set")).props()[names][1]

    for report in announced.iterfind("{DAV:}supported-report/{DAV:}report/*"):
        namespace, _, local = str(report.tag)[1:].partition("}")
        answer = await ann("REPORT", calendar, f'<x:{local} xmlns:x="{namespace}"/>')

        assert b"supported-report" not in answer.body
        assert answer.status in (200, 207, 400, 403)


@pytest.mark.rfc("6764 5")
async def test_the_well_known_url_is_found_below_the_prefix_too(server: Server):
    mounted = Client(replace(server, urls=Urls("/cal")), None)

    found = [
        (await mounted("PROPFIND", f"{prefix}/.well-known/caldav")).status
        for prefix in ("", "/cal", "/other")
    ]

    assert found == [301, 301, 401]


@pytest.mark.rfc("6764 5")
async def test_a_name_that_ends_like_the_well_known_url_is_one_like_any_other(nobody: Client):
    answer = await nobody("PUT", "/dav/calendars/ann/main/.well-known/caldav")

    assert answer.status == 401
