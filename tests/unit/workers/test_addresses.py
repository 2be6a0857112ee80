"""Where a server may be sent by what users give it."""

from __future__ import annotations

import pytest

from caldavd.workers.addresses import is_public, looks_numeric, may_serve


@pytest.mark.parametrize(
    "address",
    ["93.184.216.34", "8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "2002:808:808::1"],
)
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "255.255.255.255"),
        *("10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1"),
        *("169.254.169.254", "169.254.0.1", "192.0.0.8", "198.18.0.1", "192.0.2.1"),
        *("224.0.0.1", "239.255.255.250", "240.0.0.1"),
        *("::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "::7f00:1"),
        *("64:ff9b::127.0.0.1", "64:ff9b::a00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1"),
        *("fe80::1", "fe80::1%eth0", "fec0::1", "fc00::1", "fd00:ec2::254"),
        *("ff02::1", "2001:db8::1", "100::1", "2002:7f00:1::1", "2002:a9fe:a9fe::"),
        *("2001:0:7f00:1::", "2001:0:4136:e378:8000:63bf:80ff:fffe", "5f00::1", "4000::1"),
        *("127.1", "2130706433", "0177.0.0.1", "0x7f.0.0.1", "127.0.0.1.", "", "localhost"),
    ],
)
def test_no_other_address_is(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("host", ["127.1", "2130706433", "::1", "1.2.3.4", "127.0.0.1."])
def test_what_systems_take_for_an_address_is_judged_as_one(host: str) -> None:
    assert looks_numeric(host)


@pytest.mark.parametrize(
    ("port", "expected"),
    [(80, True), (443, True), (8080, True), (1024, True), (22, False), (25, False), (0, False)],
)
def test_low_ports_of_other_services_are_not_asked(port: int, expected: bool) -> None:
    assert may_serve(port) is expected
