"""Every finding that can be mended has its lines for every proxy."""

from __future__ import annotations

import pytest

from caldavd.doctor.remedies import PROXIES, REMEDIES, remedy
from caldavd.doctor.report import Cure


@pytest.mark.parametrize("cure", Cure)
def test_a_remedy_has_words_and_lines_for_every_proxy(cure: Cure) -> None:
    found = remedy(cure, "https://cal.example.org", "/caldav")

    assert found.words
    assert tuple(found.lines) == PROXIES


def test_there_is_a_remedy_for_every_cure_and_no_other() -> None:
    assert set(REMEDIES) == set(Cure)


def test_a_remedy_names_the_server_that_was_tested() -> None:
    found = remedy(Cure.WELL_KNOWN, "https://cal.example.org", "/caldav")

    assert found.lines["nginx"] == "location = /.well-known/caldav { return 308 /caldav/dav/; }"
