"""The privilege tree."""

from __future__ import annotations

import pytest

from caldavd.acl.privileges import NAMES, OWNER, Privilege, name, names
from caldavd.names import CALDAV, DAV


@pytest.mark.rfc("4791 6.1.1")
def test_read_contains_read_free_busy_which_can_be_held_alone() -> None:
    assert names(Privilege.READ) == [
        DAV + "read",
        CALDAV + "read-free-busy",
        DAV + "read-current-user-privilege-set",
    ]
    assert names(Privilege.READ_FREE_BUSY) == [CALDAV + "read-free-busy"]


def test_each_privilege_has_one_name_and_an_owner_holds_them_all() -> None:
    assert [name(leaves) for leaves in NAMES.values()] == list(NAMES)
    assert names(OWNER) == list(NAMES)
