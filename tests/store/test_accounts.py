"""Accounts: names, addresses, what a new one finds, the first one of a database."""

from __future__ import annotations

import asyncio

import pytest

from caldavd.errors import Failed
from caldavd.model import Principal
from caldavd.service import accounts, labels
from caldavd.service.accounts import Created, Defaults, Invalid, NewAccount, Taken, normal
from caldavd.store import collections, principals
from caldavd.store.engine import Database

NOW = 1_800_000_000
PASSWORDS = (lambda: "drawn", lambda password: f"hash of {password}")


async def create(db: Database, new: NewAccount, defaults: Defaults | None = None) -> Principal:
    return await db.write(lambda tx: accounts.create(tx, new, "hash", defaults or Defaults(), NOW))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("Ann", "ann"),
        ("ann@Example.org", "ann@example.org"),
        ("STRASSE", "strasse"),
        ("straße", "strasse"),
        ("Zoe\u0308", "zo\u00eb"),
        ("\uff21nn", "ann"),
        ("李", "李"),
        ("a-b_c.d~e+f=9", "a-b_c.d~e+f=9"),
        ("...a", "...a"),
        ("x" * 64, "x" * 64),
    ],
)
def test_a_name_has_one_form(given: str, expected: str) -> None:
    assert normal(given) == expected


@pytest.mark.parametrize(
    "given",
    [
        *["", ".", "..", "a/b", "a b", " ann", "a:b", "a\0b", "a\nb", "a%b", "a?b", "a\\b"],
        *["x" * 65, "ann\ud800", "\u202eann", "😀", "a&b", "a;b", "a#b"],
    ],
)
def test_what_is_no_url_segment_is_no_name(given: str) -> None:
    with pytest.raises(Invalid):
        normal(given)


@pytest.mark.parametrize(
    "given", ["ann", "@", "ann@", "@example.org", "a b@c.d", "a@b@c", "a@[::1"]
)
def test_an_address_must_look_like_one(given: str) -> None:
    with pytest.raises(Invalid):
        accounts.normal_address(given)


async def test_an_account_without_an_address_gets_one(db: Database) -> None:
    ann = await create(db, NewAccount("Ann"), Defaults(domain="Example.org"))

    assert await db.read(lambda tx: principals.by_name(tx, "ann")) == ann
    assert (ann.name, ann.display_name, ann.addresses) == ("ann", "Ann", ("ann@example.org",))


async def test_an_account_named_by_an_address_has_that_address(db: Database) -> None:
    ann = await create(db, NewAccount("ann@example.org"))

    assert ann.addresses == ("ann@example.org",)


async def test_addresses_are_lower_case_in_their_order(db: Database) -> None:
    given = ("Ann@Example.org", "mailto:a@example.org", "ann@example.ORG")
    ann = await create(db, NewAccount("ann", " Ann\t Example\n", given))

    assert await db.read(lambda tx: principals.by_name(tx, "ann")) == ann
    assert ann.display_name == "Ann Example"
    assert ann.addresses == ("ann@example.org", "a@example.org")


@pytest.mark.parametrize(
    "second",
    [
        NewAccount("Ann"),
        NewAccount("bob", addresses=("ANN@localhost",)),
        NewAccount("ann@localhost"),
    ],
)
async def test_no_login_leads_to_two_accounts(second: NewAccount, db: Database) -> None:
    await create(db, NewAccount("ann"))

    with pytest.raises(Taken):
        await create(db, second)


async def test_a_name_that_is_anothers_address_is_not_free(db: Database) -> None:
    await create(db, NewAccount("ann", addresses=("ann@example.org",)))

    with pytest.raises(Taken):
        await db.read(lambda tx: accounts.require_free(tx, "Ann@example.org"))
    await db.read(lambda tx: accounts.require_free(tx, "bob"))


async def test_a_new_account_finds_a_calendar_and_a_task_list(db: Database) -> None:
    ann = await create(db, NewAccount("ann"))

    made = await db.read(lambda tx: collections.calendars(tx, ann.id))
    named = await db.read(lambda tx: labels.of(tx, made))
    found = [(c.name, c.components, named[c.id].display_name, named[c.id].color) for c in made]
    assert sorted(found) == [
        ("calendar", ("VEVENT", "VJOURNAL"), "Calendar", "#3B82F6FF"),
        ("tasks", ("VTODO",), "Tasks", "#F59E0BFF"),
    ]


async def test_calendars_without_a_name_are_not_made(db: Database) -> None:
    ann = await create(db, NewAccount("ann"), Defaults(calendar_name="", tasks_name=""))

    assert await db.read(lambda tx: collections.calendars(tx, ann.id)) == []


async def test_the_home_has_the_lowest_id_and_knows_of_its_calendars(db: Database) -> None:
    for number in range(20):
        account = await create(db, NewAccount(f"user{number}"))
        home = await db.read(lambda tx, id_=account.id: collections.by_name(tx, id_, ""))
        made = await db.read(lambda tx, id_=account.id: collections.calendars(tx, id_))

        assert home is not None
        assert all(home.id < one.id for one in made)
        assert home.revision == 3


async def test_an_account_that_fails_leaves_nothing(db: Database) -> None:
    await create(db, NewAccount("ann"))

    with pytest.raises(Failed):
        await create(db, NewAccount("bob", addresses=("bob@example.org", "ann@localhost")))

    assert [one.name for one, _ in await db.read(principals.everyone)] == ["ann"]


async def bootstrap(db: Database, password: str | None = None) -> Created | None:
    return await accounts.bootstrap(db, NewAccount("first"), password, Defaults(), PASSWORDS, NOW)


async def test_an_empty_database_gets_an_account_with_a_drawn_password(db: Database) -> None:
    created = await bootstrap(db)

    assert created is not None
    assert (created.principal.name, created.password) == ("first", "drawn")
    login = await db.read(lambda tx: principals.login(tx, "first"))
    assert login is not None
    assert login.password_hash == "hash of drawn"


async def test_a_password_that_was_given_is_not_shown(db: Database) -> None:
    created = await bootstrap(db, "given")

    assert created is not None
    assert created.password is None
    login = await db.read(lambda tx: principals.login(tx, "first"))
    assert login is not None
    assert login.password_hash == "hash of given"


async def test_a_database_with_an_account_gets_no_other(db: Database) -> None:
    await create(db, NewAccount("ann"))

    assert await bootstrap(db) is None
    assert [one.name for one, _ in await db.read(principals.everyone)] == ["ann"]


async def test_of_many_that_start_at_once_one_makes_the_account(db: Database) -> None:
    made = await asyncio.gather(*(bootstrap(db) for _ in range(8)))

    assert len([one for one in made if one is not None]) == 1
    assert len(await db.read(principals.everyone)) == 1
