"""Finding the server, the principal and others. Each test runs under the features that it holds."""

from __future__ import annotations

import socket

import caldav
import pytest

from tests.client.asks import XML, urls
from tests.client.probes import NS, C
from tests.client.served import PASSWORD, USER, Served, basic

SOMEBODY = "eve@example.org"


@pytest.mark.feature("auto-connect.url")
@pytest.mark.parametrize("path", ["", "dav/", "principals/", "dav/calendars/ada/"])
def test_principal_is_found_from_any_address(base: str, path: str):
    with caldav.DAVClient(base + path, username=USER, password=PASSWORD) as client:
        principal = client.principal()

        assert str(principal.url) == f"{base}dav/principals/{USER}/"
        assert str(principal.calendar_home_set.url) == f"{base}dav/calendars/{USER}/"


@pytest.mark.feature("auth.www-authenticate")
@pytest.mark.parametrize("path", ["/", "/dav/", "/dav/calendars/ada/", "/elsewhere"])
def test_whoever_does_not_say_who_they_are_is_asked(shared: Served, path: str):
    answers = [shared.request(method, path, headers={}) for method in ("PROPFIND", "OPTIONS")]

    assert [answer.status for answer in answers] == [401, 401]
    assert all(answer.headers["www-authenticate"] for answer in answers)


@pytest.mark.feature("auth", "auth.www-authenticate.usable-scheme")
def test_challenge_is_one_that_any_client_can_meet(shared: Served):
    answer = shared.request("PROPFIND", "/", headers={})

    assert answer.headers["www-authenticate"].startswith("Basic ")
    assert shared.request("PROPFIND", "/").status == 207


@pytest.mark.feature("wrong-password-check")
def test_wrong_password_is_refused(shared: Served, base: str):
    assert shared.request("PROPFIND", "/", headers=basic(password="wrong")).status == 401
    with (
        caldav.DAVClient(base, username=USER, password="wrong") as client,
        pytest.raises(caldav.lib.error.AuthorizationError),
    ):
        client.principal()


@pytest.mark.feature("well-known")
def test_well_known_leads_to_where_options_announces_calendars(shared: Served):
    redirect = shared.request("GET", "/.well-known/caldav", headers={})
    answer = shared.request("OPTIONS", redirect.headers["location"])

    assert redirect.status == 301
    assert "calendar-access" in answer.headers["dav"]


@pytest.mark.feature("get-current-user-principal")
def test_base_url_tells_who_is_asking(client: caldav.DAVClient, base: str):
    body = '<D:propfind xmlns:D="DAV:"><D:prop><D:current-user-principal/></D:prop></D:propfind>'

    answer = client.propfind(base, body, depth=0)

    found = [str(href.text) for href in answer.tree.iterfind(".//D:prop//D:href", NS)]
    assert found == [f"/dav/principals/{USER}/"]


@pytest.mark.feature("get-current-user-principal.has-calendar")
def test_new_account_has_calendars_with_names(principal: caldav.Principal):
    shown = {one.get_display_name() for one in principal.get_calendars()}

    assert {"Calendar", "Tasks"} <= shown


@pytest.mark.feature("scheduling.calendar-user-address-set.populated")
def test_principal_knows_its_address(principal: caldav.Principal):
    address = principal.get_vcal_address()

    assert str(address) == f"mailto:{USER}@localhost"
    assert dict(address.params) == {"CN": USER, "CUTYPE": "INDIVIDUAL"}


@pytest.mark.feature("scheduling.calendar-user-address-set")
def test_principal_tells_its_addresses(principal: caldav.Principal):
    first, *others = principal.calendar_user_address_set()

    assert first == f"mailto:{USER}@localhost"
    assert f"/dav/principals/{USER}/" in others


@pytest.mark.feature("propfind.principal-depth-1")
def test_principal_is_listed_at_depth_1(principal: caldav.Principal):
    answer = principal.client.propfind(str(principal.url), "", depth=1)

    assert answer.status == 207


@pytest.mark.feature("url.encode-at.literal.principal")
def test_account_that_is_an_address_is_used_in_either_spelling(shared: Served, base: str):
    shared.run("user", "add", SOMEBODY, "--password-stdin", typed=PASSWORD)

    with caldav.DAVClient(base, username=SOMEBODY, password=PASSWORD) as client:
        shown = client.principal().get_display_name()
        homes = [f"{base}dav/calendars/{name}/" for name in (SOMEBODY, "eve%40example.org")]
        answers = [client.propfind(home, "", depth=0) for home in homes]

    assert shown == SOMEBODY
    assert [answer.status for answer in answers] == [207, 207]


SELF = "<D:property-search><D:prop><D:displayname/></D:prop><D:match>AD</D:match>"
NOBODY = SELF.replace("AD", "zoe")


@pytest.mark.parametrize(
    ("feature", "search", "found"),
    [
        ("principal-search", SELF, True),
        ("principal-search.by-name", NOBODY, False),
        ("principal-search.by-name.self", SELF, True),
        ("principal-search.list-all", "", True),
    ],
)
@pytest.mark.parametrize("path", ["/", "/principals/"])
def test_principal_search_shows_home_and_name(
    shared: Served, path: str, feature: str, search: str, found: bool
):
    inner = f"{search}</D:property-search>" if search else ""
    body = (
        f'<D:principal-property-search xmlns:D="DAV:" xmlns:C="{C[1:-1]}">{inner}<D:prop>'
        "<C:calendar-home-set/><D:displayname/></D:prop></D:principal-property-search>"
    )

    answer = shared.request("REPORT", path, body.encode(), {**basic(), **XML})

    assert answer.status == 207
    assert answer.headers["content-type"] == "application/xml; charset=utf-8"
    assert (f"/dav/calendars/{USER}/".encode() in answer.body) == found
    assert (f"<D:displayname>{USER}</D:displayname>".encode() in answer.body) == found


@pytest.mark.feature("principal-search.by-name.self")
def test_library_finds_principals_by_name(client: caldav.DAVClient, principal: caldav.Principal):
    assert [str(one.url) for one in client.search_principals(USER)] == [str(principal.url)]
    assert client.search_principals("nobody of this name") == []


@pytest.mark.feature("principal-search.list-all")
def test_library_lists_all_principals(client: caldav.DAVClient, principal: caldav.Principal):
    assert str(principal.url) in [str(one.url) for one in client.search_principals()]


@pytest.mark.feature("http", "http.multiplexing")
def test_answers_on_one_connection_come_in_the_order_of_the_requests(shared: Served):
    numbers = range(30)
    head = "".join(f"{name}: {value}\r\n" for name, value in basic().items())
    asked = "".join(f"GET /missing/{n} HTTP/1.1\r\nHost: x\r\n{head}\r\n" for n in numbers)
    asked += f"OPTIONS / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{head}\r\n"

    with socket.create_connection(("127.0.0.1", shared.port), timeout=20) as connection:
        connection.sendall(asked.encode())
        answered = b"".join(iter(lambda: connection.recv(65536), b"")).decode()

    statuses = [line[9:12] for line in answered.splitlines() if line.startswith("HTTP/1.1 ")]
    assert statuses == ["404"] * len(numbers) + ["200"]


@pytest.mark.feature("rate-limit")
def test_many_requests_in_a_row_are_all_answered(principal: caldav.Principal):
    found = [urls(principal) for _ in range(100)]

    assert all(one == found[0] for one in found)
