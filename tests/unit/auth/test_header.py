"""The Authorization header."""

from __future__ import annotations

import base64

import pytest

from caldavd.auth.header import Credentials, parse


def basic(raw: bytes, scheme: str = "Basic") -> str:
    return f"{scheme} {base64.b64encode(raw).decode()}"


@pytest.mark.rfc("7617 2")
@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (basic(b"ann:secret"), Credentials("ann", "secret")),
        (basic(b"ann:secret", "bAsIc"), Credentials("ann", "secret")),
        (basic(b"ann:se:cr:et"), Credentials("ann", "se:cr:et")),
        (basic(b"ann:"), Credentials("ann", "")),
        (basic(b"ann@example.org:x"), Credentials("ann@example.org", "x")),
        ("Basic  " + basic(b"ann:x")[6:] + " ", Credentials("ann", "x")),
    ],
)
def test_credentials_are_split_at_the_first_colon(header: str, expected: Credentials) -> None:
    assert parse(header) == expected


@pytest.mark.rfc("7617 2.1")
def test_utf_8_is_read_as_such() -> None:
    assert parse(basic("zoë:pässword".encode())) == Credentials("zoë", "pässword")


def test_what_is_not_utf_8_is_read_as_latin_1() -> None:
    assert parse(basic("zoë:pässword".encode("latin-1"))) == Credentials("zoë", "pässword")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic ",
        "Basic !!!!",
        "Basic YW5u",  # no colon
        "Basic OnNlY3JldA==",  # no account
        "Basic YW5uOnNlY3JldA",  # cut short
        "Basic \udcff\udcfe",
        "Basic ä",
        "Bearer YW5uOnNlY3JldA==",
        "Digest username=ann",
        basic(b"an\0n:secret"),
        basic(b"a" * 400 + b":secret"),
    ],
)
def test_anything_else_is_no_credentials(header: str) -> None:
    assert parse(header) is None


def test_credentials_do_not_show_the_password() -> None:
    assert repr(Credentials("ann", "secret")) == "Credentials(login='ann')"
