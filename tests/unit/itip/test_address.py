"""Calendar user addresses as they are compared."""

from __future__ import annotations

import pytest

from caldavd.itip.address import normal


@pytest.mark.rfc("6638 2.4.1")
@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("mailto:bob@example.com", "mailto:bob@example.com"),
        ("MAILTO:Bob@Example.COM", "mailto:bob@example.com"),
        (" mailto: bob@example.com ", "mailto:bob@example.com"),
        ("mailto:bob%2Ball@example.com", "mailto:bob+all@example.com"),
        ("Bob@example.com", "mailto:bob@example.com"),
        ("mailto:bob@example.com?subject=x", "mailto:bob@example.com?subject=x"),
        ("URN:UUID:F81D4FAE-7DEC-11D0", "urn:uuid:f81d4fae-7dec-11d0"),
        ("/dav/principals/Bob/", "/dav/principals/Bob/"),
        ("/dav/principals/b%6fb%40example.com/", "/dav/principals/bob@example.com/"),
        ("/dav/principals/b%20b%25/", "/dav/principals/b%20b%25/"),
        ("https://Example.com/bob@x", "https://Example.com/bob@x"),
        ("invalid:nomail", "invalid:nomail"),
        ("", ""),
    ],
)
def test_an_address_has_one_spelling(written: str, address: str):
    assert normal(written) == address
    assert normal(address) == address
