"""Who is slowed after failed logins, and who is not."""

from __future__ import annotations

import pytest

from caldavd.auth.failures import Failures, Slowing

SLOWING = Slowing(free_failures=3, delay_s=1, max_delay_s=8, memory_s=60)
GUESSER = "198.51.100.7"
HOME = "203.0.113.9"


def guessed(times: int, account: str = "ann", address: str = GUESSER, at: int = 0) -> Failures:
    failures = Failures(SLOWING)
    for _ in range(times):
        failures.failed(account, address, at)
    return failures


@pytest.mark.parametrize(
    ("times", "expected"), [(0, 0), (3, 0), (4, 1), (5, 2), (6, 4), (7, 8), (8, 8), (5000, 8)]
)
def test_an_address_is_refused_for_twice_as_long_each_time(times: int, expected: float) -> None:
    assert guessed(times).refusal(GUESSER, now=0) == expected


def test_a_refusal_ends_when_its_time_is_over() -> None:
    failures = guessed(6)

    assert [failures.refusal(GUESSER, now) for now in (0, 3, 4, 5)] == [4, 1, 0, 0]


def test_failures_are_forgotten_after_a_while() -> None:
    failures = guessed(100)

    failures.failed("ann", GUESSER, now=61)

    assert failures.refusal(GUESSER, now=61) == 0


def test_the_owner_is_not_refused_at_another_address() -> None:
    assert guessed(100).refusal(HOME, now=0) == 0


def test_the_owner_is_delayed_at_an_address_never_seen() -> None:
    assert guessed(100).delay("ann", HOME, now=0) == 8


def test_the_owner_is_not_delayed_where_a_login_succeeded_before() -> None:
    failures = Failures(SLOWING)
    failures.succeeded("ann", HOME)
    for _ in range(100):
        failures.failed("ann", GUESSER, 0)

    assert failures.delay("ann", HOME, now=0) == 0


def test_other_accounts_are_not_delayed() -> None:
    assert guessed(100).delay("bob", HOME, now=0) == 0


def test_an_address_that_guesses_at_many_accounts_is_refused() -> None:
    failures = Failures(SLOWING)
    for number in range(5):
        failures.failed(f"user{number}", GUESSER, 0)

    assert failures.refusal(GUESSER, now=0) == 2


def test_success_forgets_the_failures() -> None:
    failures = guessed(100)

    failures.succeeded("ann", GUESSER)

    assert (failures.refusal(GUESSER, 0), failures.delay("ann", HOME, 0)) == (0, 0)


@pytest.mark.parametrize(
    "local", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "[::1]:5678", "127.0.0.1:5678", "", "unix"]
)
def test_this_machine_is_never_refused_as_it_may_be_everybody(local: str) -> None:
    assert guessed(100, address=local).refusal(local, now=0) == 0


def test_guesses_from_this_machine_are_delayed() -> None:
    assert guessed(100, address="127.0.0.1").delay("ann", "127.0.0.1", now=0) == 8


def test_neighbours_in_an_ipv6_network_are_one_address() -> None:
    assert guessed(5, address="2001:db8::1").refusal("2001:db8::ffff", now=0) == 2
    assert guessed(5, address="2001:db8::1").refusal("2001:db8:0:1::1", now=0) == 0


def test_an_ipv4_address_is_the_same_on_an_ipv6_socket() -> None:
    assert guessed(5).refusal(f"::ffff:{GUESSER}", now=0) == 2


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        (f"{GUESSER}:5678", GUESSER),
        ("[2001:db8::1]:5678", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        (f"[::ffff:{GUESSER}]:5678", GUESSER),
        ("[fe80::1%eth0.5]:5678", "fe80::1"),
    ],
)
def test_a_port_is_no_part_of_an_address(forwarded: str, address: str) -> None:
    assert guessed(5, address=forwarded).refusal(address, now=0) == 2


def test_memory_is_bounded_and_keeps_what_was_used_last() -> None:
    failures = Failures(SLOWING, max_remembered=10)
    for number in range(1000):
        failures.failed(f"user{number}", "192.0.2.1", 0)
        failures.failed("ann", f"10.0.{number // 250}.{number % 250}", 0)
        failures.succeeded(f"other{number}", HOME)

    sizes = {len(failures._accounts), len(failures._addresses), len(failures._succeeded)}
    assert max(sizes) == 10
    assert failures.delay("ann", HOME, 0) == 8
