"""CS:schedule-changes as it is written (caldav-schedulingchanges §4.1.1)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from lxml import etree

from caldavd.itip.outcome import Action, Changed, Changes, Recurrence
from caldavd.itip.schedule_changes import MAX_RECURRENCES, NAME, element

AT = datetime(2008, 8, 18, 22, 34, 23, tzinfo=UTC)
PARTSTAT = Changed("ATTENDEE", ("PARTSTAT",))


def inside(changes: Changes) -> str:
    """What stands in CS:action, without its namespace."""
    root = etree.fromstring(element(changes, AT))
    assert root.tag == NAME
    stamp, action = root
    assert (etree.QName(stamp).localname, stamp.text) == ("dtstamp", "20080818T223423Z")
    text = "".join(etree.tostring(one, encoding="unicode") for one in action)
    return text.replace(' xmlns:CS="http://calendarserver.org/ns/"', "").replace("CS:", "")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (Changes(Action.CREATE), "<create/>"),
        (
            Changes(Action.UPDATE, "", (Recurrence(None, (Changed("SUMMARY"),)),)),
            '<update><recurrence><master/><changes><changed-property name="SUMMARY"/></changes>'
            "</recurrence></update>",
        ),
        (Changes(Action.CANCEL), "<cancel/>"),
        (
            Changes(Action.CANCEL, "", (Recurrence("20090101T010000Z"),)),
            "<cancel><recurrence><recurrenceid>20090101T010000Z</recurrenceid></recurrence>"
            "</cancel>",
        ),
        (
            Changes(
                Action.REPLY, 'mailto:"a&b"@x.org', (Recurrence("20090101T010000Z", (PARTSTAT,)),)
            ),
            '<reply><attendee>mailto:"a&amp;b"@x.org</attendee><recurrence>'
            "<recurrenceid>20090101T010000Z</recurrenceid>"
            '<changes><changed-property name="ATTENDEE"><changed-parameter name="PARTSTAT"/>'
            "</changed-property></changes></recurrence></reply>",
        ),
    ],
)
def test_each_action_is_written_as_it_is_defined(changes: Changes, expected: str) -> None:
    assert inside(changes) == expected


def test_what_is_told_of_instances_is_bounded() -> None:
    many = Changes(Action.CANCEL, "", (Recurrence("20090101"),) * 10_000)

    assert element(many, AT).count("<CS:recurrence>") == MAX_RECURRENCES
