"""REPORT itself: which one, on what (RFC 3253 3.6)."""

from __future__ import annotations

import pytest

from tests.protocol.client import Client, multiget, query
from tests.unit.builders import event


@pytest.mark.rfc("3253 3.6")
@pytest.mark.parametrize("body", ["", "<", "text", "<a></b>"])
async def test_a_report_has_a_body_that_says_which(ann: Client, calendar: str, body: str):
    assert (await ann("REPORT", calendar, body)).status == 400


@pytest.mark.rfc("3253 3.6")
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("main/", '<version-tree xmlns="DAV:"/>'),
        ("main/", "<unheard-of/>"),
        ("", query("")),
        ("", multiget("/dav/")),
        ("main/a.ics", '<sync-collection xmlns="DAV:"><sync-token/><prop/></sync-collection>'),
        ("main/", '<principal-search-property-set xmlns="DAV:"/>'),
    ],
)
async def test_a_report_that_is_not_offered_is_refused(
    ann: Client, calendar: str, path: str, body: str
):
    await ann.put(calendar + "a.ics", event(uid="a"))

    answer = await ann("REPORT", ann.home + path, body)

    assert (answer.status, answer.condition) == (403, "{DAV:}supported-report")


@pytest.mark.rfc("3253 3.6")
@pytest.mark.parametrize("path", ["no/", "main/no.ics", "no/no.ics"])
async def test_a_report_on_what_is_not_there_is_404(ann: Client, calendar: str, path: str):
    assert (await ann("REPORT", ann.home + path, query(""))).status == 404


@pytest.mark.rfc("3253 3.1.5")
@pytest.mark.parametrize(
    ("path", "count"), [("/", 5), ("/dav/principals/ann/", 5), ("", 5), ("main/", 7)]
)
async def test_each_resource_lists_its_reports(ann: Client, calendar: str, path: str, count: int):
    target = path if path.startswith("/") else ann.home + path

    props = (await ann.propfind(target, "D:supported-report-set")).props()

    listed = props["{DAV:}supported-report-set"][1]
    assert len(listed.findall("{DAV:}supported-report/{DAV:}report")) == count


@pytest.mark.rfc("8144 2.2")
async def test_a_minimal_report_leaves_out_what_is_not_there(ann: Client, calendar: str):
    await ann.put(calendar + "a.ics", event(uid="a"))
    body = query("", props="<D:getetag/><D:nothing/>")

    answer = await ann("REPORT", calendar, body, Prefer="return=minimal")

    assert list(answer.props()) == ["{DAV:}getetag"]
    assert answer.headers["Preference-Applied"] == "return=minimal"
