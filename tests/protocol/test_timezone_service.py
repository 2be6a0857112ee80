"""The time zone data distribution service (RFC 7808)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from caldavd.dav.path import Urls
from caldavd.dav.server import Server
from caldavd.ical.timezone import zone_from_calendar
from caldavd.ical.tznames import names
from tests.protocol.client import Answer, Client

ZONES = "/timezones/zones"
BERLIN = f"{ZONES}/Europe%2FBerlin"
ERROR = "urn:ietf:params:tzdist:error:"


def body(answer: Answer) -> Any:
    """What a JSON answer holds."""
    assert (answer.status, answer.headers["Content-Type"]) == (
        200,
        "application/json; charset=utf-8",
    )
    return json.loads(answer.body)


def problem(answer: Answer) -> tuple[int, str]:
    """The status and the code of a problem, which both say twice."""
    assert answer.headers["Content-Type"] == "application/problem+json; charset=utf-8"
    found = json.loads(answer.body)
    assert found["status"] == answer.status and found["title"]
    return answer.status, found["type"].removeprefix(ERROR)


@pytest.mark.rfc("7808 4.2.1.3")
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
async def test_the_well_known_url_leads_to_the_service(nobody: Client, method: str):
    answer = await nobody(method, "/.well-known/timezone")

    assert (answer.status, answer.headers["Location"]) == (301, "/timezones")


@pytest.mark.rfc("7808 4.2.1.3")
async def test_below_a_prefix_the_service_is_there_too(server: Server):
    mounted = Client(replace(server, urls=Urls("/cal")), "ann")

    found = [await mounted("GET", f"{one}/.well-known/timezone") for one in ("", "/cal")]

    assert [answer.headers["Location"] for answer in found] == ["/cal/timezones"] * 2
    capabilities = body(await mounted("GET", "/cal/timezones/capabilities"))
    assert capabilities["actions"][0]["uri-template"] == "/cal/timezones/capabilities"


@pytest.mark.rfc("7808 8")
@pytest.mark.parametrize("path", ["/timezones", "/timezones/capabilities", BERLIN])
async def test_whoever_shows_no_credentials_is_challenged(nobody: Client, path: str):
    answer = await nobody("GET", path)

    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="caldavd", charset="UTF-8"'


@pytest.mark.rfc("7808 5.1")
@pytest.mark.rfc("7808 6.1")
async def test_capabilities_name_each_action_with_its_url_and_parameters(ann: Client):
    found = body(await ann("GET", "/timezones/capabilities"))

    actions = {
        action["name"]: (
            action["uri-template"],
            {one["name"]: (one["required"], one["multi"]) for one in action["parameters"]},
        )
        for action in found["actions"]
    }
    optional, required = (False, False), (True, False)
    assert actions == {
        "capabilities": ("/timezones/capabilities", {}),
        "list": ("/timezones/zones{?changedsince}", {"changedsince": optional}),
        "get": ("/timezones/zones{/tzid}{?start,end}", {"start": optional, "end": optional}),
        "expand": (
            "/timezones/zones{/tzid}/observances{?start,end}",
            {"start": required, "end": required},
        ),
        "find": ("/timezones/zones{?pattern}", {"pattern": required}),
        "leapseconds": ("/timezones/leapseconds", {}),
    }
    assert (found["version"], found["info"]["formats"]) == (1, ["text/calendar"])
    assert found["info"]["truncated"] == {"any": True, "untruncated": True}
    assert found["info"]["primary-source"].startswith("IANA Time Zone Database:20")


@pytest.mark.rfc("7808 5.2")
@pytest.mark.rfc("7808 6.2")
@pytest.mark.rfc("7808 3.7")
async def test_the_list_has_every_name_once_and_the_tag_of_its_data(ann: Client):
    listed = body(await ann("GET", ZONES))

    zones = {zone["tzid"]: zone for zone in listed["timezones"]}
    berlin = zones["Europe/Berlin"]
    known = [name for zone in listed["timezones"] for name in (zone["tzid"], *zone["aliases"])]
    assert sorted(known) == sorted(names())
    assert "US/Eastern" in zones["America/New_York"]["aliases"]
    assert f'"{berlin["etag"]}"' == (await ann("GET", BERLIN)).etag
    assert berlin["publisher"] == "IANA Time Zone Database"
    assert berlin["version"][:2] == "20" and len(berlin["last-modified"]) == 20


@pytest.mark.rfc("7808 5.2")
@pytest.mark.rfc("7808 4.1.4")
async def test_since_the_token_of_now_nothing_has_changed_and_since_another_all(ann: Client):
    listed = body(await ann("GET", ZONES))

    now = body(await ann("GET", f"{ZONES}?changedsince={listed['synctoken']}"))
    another = body(await ann("GET", f"{ZONES}?changedsince=2009b-0123456789ab-1"))

    assert now == {"synctoken": listed["synctoken"], "timezones": []}
    assert another == listed


@pytest.mark.rfc("7808 5.3")
@pytest.mark.parametrize("tzid", ["Europe%2FBerlin", "Europe/Berlin", "US%2FEastern", "UTC"])
async def test_a_zone_is_a_calendar_that_describes_it_by_the_name_it_was_asked_for(
    ann: Client, tzid: str
):
    answer = await ann("GET", f"{ZONES}/{tzid}")

    name, _ = zone_from_calendar(answer.text)
    assert (answer.status, name) == (200, tzid.replace("%2F", "/"))
    assert {key: answer.headers[key] for key in ("Content-Type", "Cache-Control", "Vary")} == {
        "Content-Type": "text/calendar; charset=utf-8",
        "Cache-Control": "private, max-age=86400",
        "Vary": "Accept",
    }


@pytest.mark.rfc("7808 3.7")
@pytest.mark.rfc("7808 7.2")
async def test_an_alias_says_what_it_is_an_alias_of(ann: Client):
    eastern = (await ann("GET", f"{ZONES}/US%2FEastern")).text
    berlin = (await ann("GET", BERLIN)).text

    assert "TZID:US/Eastern\r\nTZID-ALIAS-OF:America/New_York\r\n" in eastern
    assert "TZID-ALIAS-OF" not in berlin


@pytest.mark.rfc("7808 5.3")
@pytest.mark.rfc("7808 4.1.4")
@pytest.mark.parametrize("form", ['"{}"', "{}", 'W/"{}"', '"x", "{}"', "*"])
async def test_a_zone_that_the_client_has_is_not_sent_again(ann: Client, form: str):
    tag = (await ann("GET", BERLIN)).etag

    answer = await ann("GET", BERLIN, If_None_Match=form.replace("{}", tag.strip('"')))

    assert (answer.status, answer.etag, answer.body) == (304, tag, b"")
    assert (await ann("GET", BERLIN, If_None_Match='"other"')).status == 200


@pytest.mark.rfc("7808 3.9")
@pytest.mark.rfc("7808 5.3")
async def test_a_zone_is_cut_off_where_the_client_wants_it(ann: Client):
    whole = await ann("GET", BERLIN)

    cut = await ann("GET", f"{BERLIN}?start=2010-01-01T00:00:00Z&end=2020-01-01T00:00:00Z")

    lines = cut.text.split("\r\n")
    assert lines[5] == "TZUNTIL:20200101T000000Z"
    assert [line for line in lines if line.startswith("DTSTART")] == [
        "DTSTART:20100101T010000",
        "DTSTART:20100328T020000",
        "DTSTART:20101031T030000",
    ]
    assert "DTSTART:18930401T000000" in whole.text
    assert cut.etag != whole.etag


@pytest.mark.rfc("7808 3.9")
@pytest.mark.parametrize(
    "query",
    [
        "end=1800-01-01T00:00:00Z",
        "start=1800-01-01T00:00:00Z&end=1800-01-02T00:00:00Z",
        "start=9998-12-30T00:00:00Z&end=9998-12-31T23:59:59Z",
        "start=9998-12-31T23:59:59Z",
        "start=0002-01-01T00:00:00Z",
        "end=0002-01-01T00:00:00Z",
    ],
)
@pytest.mark.parametrize("tzid", ["Europe%2FBerlin", "Pacific%2FKiritimati", "Etc%2FGMT%2B12"])
async def test_whatever_the_range_there_is_an_observance_in_it(ann: Client, tzid: str, query: str):
    answer = await ann("GET", f"{ZONES}/{tzid}?{query}")

    assert answer.status == 200
    assert "BEGIN:STANDARD" in answer.text


@pytest.mark.rfc("7808 4.1.2")
@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("text/calendar", 200),
        ("application/calendar+json, text/*;q=0.5", 200),
        ("*/*", 200),
        ("", 200),
        ("application/calendar+json", 406),
        ("text/calendar;q=0", 406),
    ],
)
async def test_a_zone_is_text_calendar_or_refused(ann: Client, accept: str, status: int):
    answer = await ann("GET", BERLIN, Accept=accept)

    assert answer.status == status
    assert status == 200 or problem(answer) == (406, "invalid-format")


@pytest.mark.rfc("7808 5.4")
@pytest.mark.rfc("7808 6.3")
@pytest.mark.rfc("7808 4.1.5")
async def test_a_zone_is_expanded_into_its_observances(ann: Client):
    zone = f"{ZONES}/America%2FNew_York"

    answer = await ann(
        "GET", f"{zone}/observances?start=2008-01-01T00:00:00Z&end=2009-01-01T00:00:00Z"
    )

    def observance(name: str, onset: str, before: int, after: int) -> dict[str, object]:
        return {"name": name, "onset": onset, "utc-offset-from": before, "utc-offset-to": after}

    assert body(answer) == {
        "tzid": "America/New_York",
        "observances": [
            observance("Standard", "2008-01-01T00:00:00Z", -18000, -18000),
            observance("Daylight", "2008-03-09T07:00:00Z", -18000, -14400),
            observance("Standard", "2008-11-02T06:00:00Z", -14400, -18000),
        ],
    }
    assert answer.etag


@pytest.mark.rfc("7808 5.4")
async def test_an_expansion_says_where_it_ends_if_not_where_it_was_asked_to(ann: Client):
    query = "start=2190-01-01T00:00:00Z&end=9998-01-01T00:00:00Z"

    found = body(await ann("GET", f"{BERLIN}/observances?{query}"))

    assert (found["end"], len(found["observances"])) == ("2200-01-01T00:00:00Z", 21)


@pytest.mark.rfc("7808 5.5")
@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("US/Eastern", ["America/New_York"]),
        ("europe/berlin", ["Europe/Berlin"]),
        ("*New%20York*", ["America/New_York"]),
        ("*_York", ["America/New_York"]),
        ("Europe/Ber*", ["Europe/Berlin"]),
        ("Berlin", []),
        ("\\*", []),
    ],
)
async def test_zones_are_found_by_a_pattern(ann: Client, pattern: str, found: list[str]):
    listed = body(await ann("GET", f"{ZONES}?pattern={pattern}"))

    assert [zone["tzid"] for zone in listed["timezones"]] == found


@pytest.mark.rfc("7808 5.6")
@pytest.mark.rfc("7808 6.4")
async def test_leap_seconds_are_told_with_their_end(ann: Client):
    found = body(await ann("GET", "/timezones/leapseconds"))

    assert found["leapseconds"][:2] == [
        {"utc-offset": 10, "onset": "1972-01-01"},
        {"utc-offset": 11, "onset": "1972-07-01"},
    ]
    assert {"utc-offset": 37, "onset": "2017-01-01"} in found["leapseconds"]
    assert date.fromisoformat(found["expires"]) > date(2025, 1, 1)
    assert found["publisher"] and found["version"]


@pytest.mark.rfc("7808 4.1.7")
@pytest.mark.rfc("7808 5")
@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", (404, "invalid-action")),
        ("/", (404, "invalid-action")),
        ("/nothing", (404, "invalid-action")),
        ("/capabilities/more", (404, "invalid-action")),
        ("/zones/%ff", (400, "invalid-action")),
        ("/zones/America%2FPittsburgh", (404, "tzid-not-found")),
        ("/zones/..%2F..%2Fetc%2Fpasswd", (404, "tzid-not-found")),
        ("/zones/localtime", (404, "tzid-not-found")),
        ("/zones/europe%2Fberlin", (404, "tzid-not-found")),
        ("/zones?changedsince=a&changedsince=b", (400, "invalid-changedsince")),
        ("/zones?changedsince=2009-10-11T09:32:11Z", (400, "invalid-changedsince")),
        ("/zones?changedsince=", (400, "invalid-changedsince")),
        ("/zones?pattern=", (400, "invalid-pattern")),
        ("/zones?pattern=a*b", (400, "invalid-pattern")),
        ("/zones?pattern=a%5Cb", (400, "invalid-pattern")),
        ("/zones?pattern=a&pattern=b", (400, "invalid-pattern")),
        (f"/zones?pattern={'*' * 300}", (400, "invalid-pattern")),
        ("/zones/UTC?start=2010", (400, "invalid-start")),
        ("/zones/UTC?start=2010-02-30T00:00:00Z", (400, "invalid-start")),
        ("/zones/UTC?start=0000-01-01T00:00:00Z", (400, "invalid-start")),
        ("/zones/UTC?end=9999-01-01T00:00:00Z", (400, "invalid-end")),
        ("/zones/UTC?end=2010-01-01T00:00:00%2B01:00", (400, "invalid-end")),
        (
            "/zones/UTC?start=2010-01-01T00:00:00Z&end=2010-01-01T00:00:00Z",
            (400, "invalid-end"),
        ),
        ("/zones/UTC/observances", (400, "invalid-start")),
        ("/zones/UTC/observances?start=2010-01-01T00:00:00Z", (400, "invalid-end")),
        (
            "/zones/X/observances?start=2010-01-01T00:00:00Z&end=2011-01-01T00:00:00Z",
            (404, "tzid-not-found"),
        ),
        (
            "/zones/UTC/observances?start=2300-01-01T00:00:00Z&end=2400-01-01T00:00:00Z",
            (400, "invalid-start"),
        ),
    ],
)
async def test_what_cannot_be_answered_is_a_problem(
    ann: Client, path: str, expected: tuple[int, str]
):
    assert problem(await ann("GET", f"/timezones{path}")) == expected


@pytest.mark.rfc("7808 4.1.7")
@pytest.mark.parametrize("method", ["PUT", "PROPFIND", "OPTIONS", "DELETE", "BREW"])
async def test_the_service_is_only_read(ann: Client, method: str):
    answer = await ann(method, BERLIN)

    assert problem(answer) == (405, "invalid-action")
    assert answer.headers["Allow"] == "GET, HEAD"


@pytest.mark.rfc("7808 5.3")
async def test_the_database_in_a_zone_is_the_one_that_we_compute_with(ann: Client):
    answer = await ann("GET", f"{ZONES}/Asia%2FTokyo?start=1970-01-01T00:00:00Z")

    assert zone_from_calendar(answer.text) == ("Asia/Tokyo", ZoneInfo("Asia/Tokyo"))
