"""Signed links to invitations."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caldavd.itip.ticket import MAX_TOKEN, Pages, Ticket, read, sign

KEY = b"k" * 32
EVE = "mailto:eve@example.net"
TICKET = Ticket(7, "a-uid", EVE, 3, 1_800_000_000)


@given(
    st.integers(0, 2**63 - 1),
    st.text(st.characters(codec="utf-8"), max_size=80),
    st.integers(0, 999_999_999),
    st.integers(0, 2**40),
)
def test_a_ticket_is_read_as_it_was_signed(owner: int, uid: str, sequence: int, at: int) -> None:
    ticket = Ticket(owner, uid, EVE, sequence, at)

    assert read(sign(ticket, KEY), KEY) == ticket


@pytest.mark.parametrize("place", range(0, 67, 3))
def test_a_token_of_which_anything_was_changed_is_none(place: int) -> None:
    token = sign(TICKET, KEY)
    other = "A" if token[place] != "A" else "B"

    assert read(f"{token[:place]}{other}{token[place + 1 :]}", KEY) is None


@pytest.mark.parametrize(
    "token",
    [
        "",
        "A",
        "A" * 41,
        "A" * 60,
        "A" * (MAX_TOKEN + 1),
        "=" * 60,
        "é" * 60,
        sign(TICKET, KEY)[:-2],
    ],
)
def test_what_was_not_signed_is_no_ticket(token: str) -> None:
    assert read(token, KEY) is None


def test_a_token_of_another_key_is_none() -> None:
    assert read(sign(TICKET, KEY), b"l" * 32) is None


def test_a_page_has_the_same_url_for_the_same_invitation() -> None:
    pages = Pages("https://cal.example.org/rsvp/", KEY, 7, TICKET.expires_at)

    url = pages.url("a-uid", "MAILTO:Eve@example.net", 3)

    assert url == f"https://cal.example.org/rsvp/{sign(TICKET, KEY)}"
    assert url != replace(pages, key=b"l" * 32).url("a-uid", EVE, 3)
    assert "kkk" not in repr(pages)


def test_a_uid_that_is_too_long_has_no_page() -> None:
    assert Pages("https://cal.example.org/rsvp/", KEY, 7, 1).url("u" * 1_200, EVE, 0) == ""
