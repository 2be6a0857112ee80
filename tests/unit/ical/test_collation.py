"""Collations (RFC 4790, RFC 5051, RFC 4791 §7.5)."""

from __future__ import annotations

import pytest

from caldavd.errors import SUPPORTED_COLLATION, Refused
from caldavd.ical.collation import COLLATIONS, contains, folding

FOLDED = [
    ("i;octet", "Team Lunch", "Team"),
    ("i;octet", "Zoë und Jürgen", "ë und J"),
    ("i;ascii-casemap", "Team Lunch", "tEAM l"),
    ("i;ascii-casemap", "ZOË", "zoË"),
    ("default", "Team Lunch", "LUNCH"),
    ("i;unicode-casemap", "Team Lunch", "lUNCH"),
    ("i;unicode-casemap", "ÉCOLE", "école"),
    ("i;unicode-casemap", "e\u0301cole", "\u00c9COLE"),
    ("i;unicode-casemap", "ΣΊΣΥΦΟΣ", "σίσυφοσ"),
    ("i;unicode-casemap", "Room \u2460", "room 1"),
    ("i;unicode-casemap", "ДЕНЬ РОЖДЕНИЯ", "день"),
    ("i;unicode-casemap", "\u1e9bx", "\u1e60X"),
    ("i;unicode-casemap", "Straße", "STRAßE"),
]

NOT_CONTAINED = [
    ("i;octet", "Team Lunch", "team"),
    ("i;octet", "é", "e\u0301"),
    ("i;ascii-casemap", "ÉCOLE", "école"),
    ("i;ascii-casemap", "[", "{"),
    ("i;unicode-casemap", "각", "가"),
    ("i;unicode-casemap", "Straße", "STRASSE"),
    ("i;unicode-casemap", "Team", "Teams"),
]


@pytest.mark.rfc("4791 7.5")
@pytest.mark.parametrize(("collation", "text", "part"), FOLDED)
def test_a_part_is_found_by_its_collation(collation: str, text: str, part: str) -> None:
    assert contains(collation, text, part)


@pytest.mark.rfc("4791 7.5")
@pytest.mark.parametrize(("collation", "text", "part"), NOT_CONTAINED)
def test_what_the_collation_tells_apart_is_not_found(collation: str, text: str, part: str) -> None:
    assert not contains(collation, text, part)


@pytest.mark.parametrize("collation", COLLATIONS)
def test_the_empty_string_is_part_of_everything(collation: str) -> None:
    assert contains(collation, "", "") and contains(collation, "x", "")


@pytest.mark.rfc("4791 7.5")
@pytest.mark.parametrize("collation", ["i;ascii-numeric", "i;*", "I;OCTET", "", "x" * 1000])
def test_an_unknown_collation_or_a_wildcard_is_refused(collation: str) -> None:
    with pytest.raises(Refused) as refusal:
        folding(collation)

    assert refusal.value.condition == SUPPORTED_COLLATION


@pytest.mark.rfc("4791 7.5.1")
def test_the_two_required_collations_are_there() -> None:
    assert set(COLLATIONS) == {"i;ascii-casemap", "i;octet", "i;unicode-casemap"}
