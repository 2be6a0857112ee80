"""Logins against the accounts of a database."""

from __future__ import annotations

import asyncio
import base64
import logging
from dataclasses import dataclass, field

import pytest

from caldavd.auth.basic import USE_EVERY_S, WRONG_S, Authenticator, AuthSettings
from caldavd.auth.failures import Slowing
from caldavd.auth.passwords import Cost, Hasher, hash_drawn
from caldavd.errors import TooManyAttempts, Unauthorized
from caldavd.model import Actor, Principal
from caldavd.service import accounts
from caldavd.service.accounts import Defaults, NewAccount
from caldavd.store import ids, principals
from caldavd.store.engine import Database, Unavailable
from caldavd.store.principals import AppPassword, Login

NOW = 1_800_000_000
COST = Cost(memory_kib=64, time_cost=1, parallelism=1)
SLOWING = Slowing(free_failures=2, delay_s=4, max_delay_s=8, memory_s=600)
HOME = "203.0.113.9"
GUESSER = "198.51.100.7"
DRAWN = "abcde-fghjk-mnpqr-stuvw"


@dataclass(slots=True)
class World:
    """A database with the account ann, whose password is `secret`; a clock; what was waited.

    A wait ends at once, unless `over` is cleared.
    """

    db: Database
    auth: Authenticator
    ann: Actor
    now: int = NOW
    waits: list[float] = field(default_factory=list)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def login(self, login: str, password: str, peer: str = HOME) -> Actor:
        return await self.auth.authenticate(basic(login, password), peer)

    async def fails(self, times: int, peer: str, first: int = 0) -> None:
        """That many different wrong passwords."""
        for number in range(first, first + times):
            with pytest.raises(Unauthorized):
                await self.login("ann", f"guess {number}", peer)


def basic(login: str, password: str, encoding: str = "utf-8") -> str:
    return "Basic " + base64.b64encode(f"{login}:{password}".encode(encoding)).decode()


@pytest.fixture
async def world(db: Database) -> World:
    """Ann, and an authenticator on cheap hashes."""
    kept = Hasher(COST).hash("secret")
    new = NewAccount("ann", addresses=("ann@example.org", "a.n@example.org"))
    ann = await db.write(lambda tx: accounts.create(tx, new, kept, Defaults(), NOW))
    return made(db, Actor(ann.id, "ann", 1), AuthSettings(COST, SLOWING))


def made(db: Database, ann: Actor, settings: AuthSettings) -> World:
    async def pause(seconds: float) -> None:
        world.waits.append(seconds)
        await world.over.wait()

    auth = Authenticator(db, settings, lambda: world.now, pause)
    world = World(db, auth, ann)
    world.over.set()
    return world


async def add_app_password(world: World, used_at: int | None = None) -> None:
    new = AppPassword(ids.new(), "phone", hash_drawn(DRAWN), NOW, used_at)
    await world.db.write(lambda tx: principals.add_app_password(tx, world.ann.id, new))


async def used_at(world: World) -> int | None:
    (found,) = await world.db.read(lambda tx: principals.app_passwords(tx, world.ann.id))
    return found.used_at


@pytest.mark.parametrize("login", ["ann", "ANN", "ann@example.org", "A.N@Example.Org"])
async def test_a_name_or_any_address_is_a_login(login: str, world: World) -> None:
    assert await world.login(login, "secret") == world.ann


async def test_a_name_wins_over_anothers_address(world: World) -> None:
    named = Principal(ids.new(), "user", "ann@example.org", "", "uuid", NOW)
    await world.db.write(lambda tx: principals.create(tx, named, "hash"))

    found = await world.db.read(lambda tx: principals.login(tx, "ann@example.org"))

    assert found == Login(Actor(named.id, "ann@example.org", 1), "hash", ())


@pytest.mark.rfc("7617 2.1")
async def test_a_password_in_latin_1_is_understood(world: World) -> None:
    kept = Hasher(COST).hash("pässword")
    await world.db.write(lambda tx: principals.set_password(tx, world.ann.id, kept))

    actor = await world.auth.authenticate(basic("ann", "pässword", "latin-1"), HOME)

    assert actor == Actor(world.ann.id, "ann", 2)


@pytest.mark.parametrize(
    ("login", "password"),
    [("ann", "Secret"), ("ann", ""), ("bob", "secret"), ("ann", DRAWN), ("x" * 300, "secret")],
)
async def test_anything_else_is_a_failure(login: str, password: str, world: World) -> None:
    with pytest.raises(Unauthorized):
        await world.login(login, password)


async def test_an_account_without_a_password_lets_nobody_in(world: World) -> None:
    new = NewAccount("bob")
    await world.db.write(lambda tx: accounts.create(tx, new, None, Defaults(), NOW))

    with pytest.raises(Unauthorized):
        await world.login("bob", "")


@pytest.mark.parametrize("login", ["ann", "ann@example.org"])
async def test_a_disabled_account_lets_nobody_in(login: str, world: World) -> None:
    await world.db.write(lambda tx: principals.set_disabled(tx, world.ann.id, NOW))

    with pytest.raises(Unauthorized):
        await world.login(login, "secret")


@pytest.mark.parametrize("header", [None, "", "Basic", "Bearer abc", "Basic \udcff", "Basic YQ=="])
async def test_no_credentials_are_no_failed_login(
    header: str | None, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(20):
        with pytest.raises(Unauthorized):
            await world.auth.authenticate(header, HOME)

    assert (caplog.records, world.auth.counts.failed) == ([], 0)
    assert await world.login("ann", "secret") == world.ann


async def test_a_failed_login_is_one_line_with_address_and_account(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(Unauthorized):
        await world.login("Ann", "wrong", GUESSER)

    (record,) = caplog.records
    told = (record.levelno, record.getMessage(), vars(record)["address"], vars(record)["account"])
    assert told == (logging.WARNING, "authentication failed", GUESSER, "Ann")
    assert "wrong" not in str(vars(record))


async def test_a_verified_login_is_remembered(world: World) -> None:
    assert world.auth.cached(basic("ann", "secret")) is None

    await world.login("ann", "secret")

    assert world.auth.cached(basic("ann", "secret")) == world.ann
    assert world.auth.cached(basic("ann", "wrong")) is None
    assert world.auth.cached(None) is None


async def test_a_remembered_login_is_not_verified_again(world: World) -> None:
    for _ in range(10):
        await world.login("ann", "secret")

    assert world.auth.counts.succeeded == 1


async def test_a_login_is_forgotten_some_time_after_its_last_use(world: World) -> None:
    await world.login("ann", "secret")

    world.now += 299
    assert world.auth.cached(basic("ann", "secret")) == world.ann
    world.now += 299
    assert world.auth.cached(basic("ann", "secret")) == world.ann
    world.now += 300
    assert world.auth.cached(basic("ann", "secret")) is None


async def test_a_login_that_was_ended_is_verified_anew(world: World) -> None:
    await world.login("ann", "secret")
    kept = Hasher(COST).hash("changed")
    await world.db.write(lambda tx: principals.set_password(tx, world.ann.id, kept))

    world.auth.forget(basic("ann", "secret"))

    with pytest.raises(Unauthorized):
        await world.login("ann", "secret")
    assert await world.login("ann", "changed") == Actor(world.ann.id, "ann", 2)


async def test_the_same_header_many_times_at_once_is_verified_once(world: World) -> None:
    found = await asyncio.gather(*(world.login("ann", "secret") for _ in range(20)))

    assert found == [world.ann] * 20
    assert world.auth.counts.succeeded == 1


async def test_who_leaves_does_not_take_the_others_login_along(world: World) -> None:
    first = asyncio.create_task(world.login("ann", "secret"))
    second = asyncio.create_task(world.login("ann", "secret"))
    await asyncio.sleep(0)

    first.cancel()

    assert await second == world.ann


async def test_an_app_password_is_a_password(world: World) -> None:
    await add_app_password(world)

    assert await world.login("ann", DRAWN) == world.ann
    assert await world.login("ann", "secret") == world.ann


async def test_a_revoked_app_password_is_not(world: World) -> None:
    await add_app_password(world)
    await world.db.write(lambda tx: principals.revoke_app_password(tx, world.ann.id, "phone"))

    with pytest.raises(Unauthorized):
        await world.login("ann", DRAWN)


async def test_it_is_noted_when_an_app_password_was_used(world: World) -> None:
    await add_app_password(world)
    await world.login("ann", DRAWN)
    assert await used_at(world) is None

    await world.auth.write_notes()

    assert await used_at(world) == NOW


async def test_a_note_that_could_not_be_written_is_written_later(world: World) -> None:
    await add_app_password(world)
    await world.login("ann", DRAWN)

    await world.db.close()
    with pytest.raises(Unavailable):
        await world.auth.write_notes()
    with pytest.raises(Unavailable):
        await world.auth.write_notes()


async def test_the_note_is_renewed_while_the_login_is_remembered(world: World) -> None:
    await add_app_password(world)
    await world.login("ann", DRAWN)
    await world.auth.write_notes()

    for _ in range(USE_EVERY_S // 200):
        world.now += 200
        assert world.auth.cached(basic("ann", DRAWN)) == world.ann
    await world.auth.write_notes()

    assert await used_at(world) == NOW + USE_EVERY_S


async def test_the_note_is_not_written_with_each_use(world: World) -> None:
    await add_app_password(world, used_at=NOW - 100)

    await world.login("ann", DRAWN)
    await world.auth.write_notes()

    assert await used_at(world) == NOW - 100


async def test_a_hash_of_another_cost_is_replaced_and_the_login_goes_on(world: World) -> None:
    dearer = made(world.db, world.ann, AuthSettings(Cost(128, 1, 1), SLOWING))

    await dearer.login("ann", "secret")
    await dearer.auth.write_notes()

    login = await world.db.read(lambda tx: principals.login(tx, "ann"))
    assert login is not None
    assert login.actor == world.ann
    assert login.password_hash is not None
    assert "m=128" in login.password_hash
    assert await world.login("ann", "secret") == world.ann


async def test_a_hash_is_not_replaced_over_a_new_password(world: World) -> None:
    dearer = made(world.db, world.ann, AuthSettings(Cost(128, 1, 1), SLOWING))
    await dearer.login("ann", "secret")
    kept = Hasher(COST).hash("changed")
    await world.db.write(lambda tx: principals.set_password(tx, world.ann.id, kept))

    await dearer.auth.write_notes()

    login = await world.db.read(lambda tx: principals.login(tx, "ann"))
    assert login is not None
    assert login.password_hash == kept


@pytest.mark.rule("G24")
async def test_an_address_that_guesses_has_to_wait(world: World) -> None:
    await world.fails(3, GUESSER)

    with pytest.raises(TooManyAttempts) as raised:
        await world.login("ann", "secret", GUESSER)

    assert (raised.value.status, raised.value.headers) == (429, (("Retry-After", "4"),))


@pytest.mark.rule("G24")
async def test_of_many_guesses_at_once_only_a_few_are_judged(world: World) -> None:
    guesses = (world.login("ann", f"guess {number}", GUESSER) for number in range(130))

    await asyncio.gather(*guesses, return_exceptions=True)

    counts = world.auth.counts
    assert counts.failed + counts.refused == 130
    # The one that ends the patience, and one that another thread has begun by then.
    assert counts.failed <= SLOWING.free_failures + 2


async def test_who_waited_is_refused_if_others_from_there_failed_meanwhile(db: Database) -> None:
    kept = Hasher(COST).hash("secret")
    ann = await db.write(lambda tx: accounts.create(tx, NewAccount("ann"), kept, Defaults(), NOW))
    world = made(db, Actor(ann.id, "ann", 1), AuthSettings(COST, SLOWING, hash_threads=1))
    await world.fails(2, GUESSER)
    guesses = (world.login("ann", f"other {number}", GUESSER) for number in range(2))

    await asyncio.gather(*guesses, return_exceptions=True)

    assert world.auth.counts.by_result() == {"succeeded": 0, "failed": 3, "refused": 1}


async def test_guesses_that_wait_leave_a_place_to_the_owner_elsewhere(world: World) -> None:
    for number in range(3):
        with pytest.raises(Unauthorized):
            await world.login("bob", f"first {number}", f"198.51.100.{100 + number}")
    world.over.clear()
    guesses = [
        asyncio.create_task(world.login("bob", f"guess {number}", GUESSER)) for number in range(130)
    ]
    await asyncio.wait(guesses, timeout=0.5)

    assert await world.login("ann", "secret", HOME) == world.ann

    world.over.set()
    await asyncio.gather(*guesses, return_exceptions=True)


async def test_logins_through_a_proxy_on_this_machine_all_wait(world: World) -> None:
    guesses = (world.login("bob", f"guess {number}", "127.0.0.1") for number in range(30))

    await asyncio.gather(*guesses, return_exceptions=True)

    assert world.auth.counts.by_result() == {"succeeded": 0, "failed": 30, "refused": 0}


async def test_the_right_password_is_let_in_after_the_wait(world: World) -> None:
    await world.fails(3, GUESSER)

    world.now += 4

    assert await world.login("ann", "secret", GUESSER) == world.ann


async def test_guessing_elsewhere_does_not_lock_the_owner_out(world: World) -> None:
    for number in range(30):
        await world.fails(2, f"198.51.100.{number}", first=2 * number)
    world.waits.clear()

    assert await world.login("ann", "secret", HOME) == world.ann
    assert world.waits == [8]


async def test_guessing_elsewhere_does_not_delay_the_owner_where_she_was(world: World) -> None:
    await world.login("ann", "secret", HOME)
    await world.fails(3, GUESSER)
    world.now += 400
    world.waits.clear()

    assert await world.login("ann", "secret", HOME) == world.ann
    assert world.waits == []


async def test_an_app_password_is_never_delayed(world: World) -> None:
    await add_app_password(world)
    await world.fails(3, GUESSER)
    world.waits.clear()

    assert await world.login("ann", DRAWN, HOME) == world.ann
    assert world.waits == []


async def test_a_device_that_repeats_one_wrong_password_is_one_failure(world: World) -> None:
    for _ in range(20):
        with pytest.raises(Unauthorized):
            await world.login("ann", "old password", HOME)

    assert await world.login("ann", "secret", HOME) == world.ann
    assert world.auth.counts.failed == 20


async def test_a_password_that_was_wrong_may_soon_be_right(world: World) -> None:
    with pytest.raises(Unauthorized):
        await world.login("ann", "changed", HOME)
    kept = Hasher(COST).hash("changed")
    await world.db.write(lambda tx: principals.set_password(tx, world.ann.id, kept))

    world.now += WRONG_S

    assert (await world.login("ann", "changed", HOME)).name == "ann"


async def test_names_and_addresses_count_as_one_account(world: World) -> None:
    for number, login in enumerate(["ann", "ANN", "ann@example.org", "a.n@example.org"]):
        with pytest.raises(Unauthorized):
            await world.login(login, "guess", f"198.51.100.{number}")
    world.waits.clear()

    await world.login("ann", "secret", HOME)

    assert world.waits == [8]


def test_the_authenticator_shows_no_secrets(db: Database) -> None:
    auth = Authenticator(db, AuthSettings(COST, SLOWING), lambda: NOW)

    assert repr(auth).startswith("<caldavd.auth.basic.Authenticator object at ")
