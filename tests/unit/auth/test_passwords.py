"""Password hashes."""

from __future__ import annotations

import re

from caldavd.auth.passwords import Cost, Hasher, Verdict, draw, hash_drawn, verify_drawn

CHEAP = Cost(memory_kib=64, time_cost=1, parallelism=1)


def test_the_right_password_is_right() -> None:
    hasher = Hasher(CHEAP)

    assert hasher.verify(hasher.hash("geheim"), "geheim") == Verdict(True)


def test_another_password_is_wrong() -> None:
    hasher = Hasher(CHEAP)

    assert hasher.verify(hasher.hash("geheim"), "Geheim") == Verdict(False)


def test_nobody_has_no_right_password() -> None:
    assert Hasher(CHEAP).verify(None, "geheim") == Verdict(False)


def test_what_is_no_hash_is_wrong_and_not_an_error() -> None:
    assert Hasher(CHEAP).verify("plain", "plain") == Verdict(False)


def test_the_hash_is_argon2id_of_the_cost_asked_for() -> None:
    assert Hasher(CHEAP).hash("geheim").startswith("$argon2id$v=19$m=64,t=1,p=1$")


def test_a_hash_of_another_cost_is_made_anew_when_the_password_is_known() -> None:
    verdict = Hasher(Cost(128, 1, 1)).verify(Hasher(CHEAP).hash("geheim"), "geheim")

    assert verdict.right
    assert verdict.rehashed is not None
    assert Hasher(Cost(128, 1, 1)).verify(verdict.rehashed, "geheim") == Verdict(True)


def test_a_wrong_password_never_makes_a_hash_anew() -> None:
    verdict = Hasher(Cost(128, 1, 1)).verify(Hasher(CHEAP).hash("geheim"), "falsch")

    assert verdict == Verdict(False)


def test_letters_composed_and_decomposed_are_the_same_password() -> None:
    hasher = Hasher(CHEAP)

    assert hasher.verify(hasher.hash("caf\u00e9"), "cafe\u0301") == Verdict(True)


def test_a_drawn_password_is_four_groups_of_letters() -> None:
    assert re.fullmatch(r"[a-z]{5}(-[a-z]{5}){3}", draw())


def test_drawn_passwords_differ() -> None:
    assert len({draw() for _ in range(100)}) == 100


def test_a_drawn_password_is_right_however_it_is_typed() -> None:
    kept = hash_drawn("abcde-fghjk-mnpqr-stuvw")

    typed = ["abcde-fghjk-mnpqr-stuvw", "ABCDE FGHJK MNPQR STUVW", "abcdefghjkmnpqrstuvw"]
    assert [verify_drawn(kept, one) for one in typed] == [True, True, True]


def test_another_drawn_password_is_wrong() -> None:
    assert not verify_drawn(hash_drawn("abcde-fghjk-mnpqr-stuvw"), "abcde-fghjk-mnpqr-stuvx")


def test_one_drawn_password_has_many_hashes() -> None:
    assert hash_drawn("abcde") != hash_drawn("abcde")


def test_a_hash_of_the_other_kind_is_not_one_of_a_drawn_password() -> None:
    assert not verify_drawn(Hasher(CHEAP).hash("abcde"), "abcde")


def test_a_verdict_does_not_show_its_hash() -> None:
    assert "secret" not in repr(Verdict(True, "secret"))
