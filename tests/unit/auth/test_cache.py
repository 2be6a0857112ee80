"""The cache of verified logins."""

from __future__ import annotations

from caldavd.auth.cache import Cache


def test_a_value_is_found_until_its_life_ends() -> None:
    cache: Cache[str] = Cache(life_s=10)
    cache.put(b"key", "ann", now=0)

    assert [cache.has(b"key", now) for now in (0, 9, 10)] == [True, True, False]


def test_each_use_begins_a_new_life() -> None:
    cache: Cache[str] = Cache(life_s=10)
    cache.put(b"key", "ann", now=0)

    assert [cache.get(b"key", now) for now in (9, 18, 28)] == ["ann", "ann", None]


def test_what_is_removed_is_gone() -> None:
    cache: Cache[str] = Cache(life_s=10)
    cache.put(b"key", "ann", now=0)

    cache.remove(b"key")
    cache.remove(b"other")

    assert cache.get(b"key", now=0) is None


def test_the_one_used_longest_ago_makes_room() -> None:
    cache: Cache[int] = Cache(life_s=10, max_entries=2)
    cache.put(b"a", 1, now=0)
    cache.put(b"b", 2, now=0)
    cache.get(b"a", now=0)

    cache.put(b"c", 3, now=0)

    assert [cache.get(key, now=0) for key in (b"a", b"b", b"c")] == [1, None, 3]


def test_a_life_of_zero_keeps_nothing() -> None:
    cache: Cache[str] = Cache(life_s=0)

    cache.put(b"key", "ann", now=0)

    assert cache.get(b"key", now=0) is None
