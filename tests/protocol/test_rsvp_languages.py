"""Mails and pages in the organizer's language, or in that which a browser asks for."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from urllib.parse import urlencode

import pytest

from caldavd.auth.failures import Failures, Slowing
from caldavd.dav.dispatch import handle
from caldavd.dav.message import Request
from caldavd.dav.publisher import Publisher
from caldavd.languages.codes import CODES
from caldavd.languages.known import LANGUAGES
from caldavd.store import principals
from tests.protocol import test_rsvp as rsvp
from tests.protocol.client import Answer, Client
from tests.protocol.meetings import meeting

world = rsvp.world
World = rsvp.World
TAG = re.compile(r"<style>.*?</style>|<[^>]*>", re.DOTALL)


async def speak(world: World, code: str | None) -> None:
    """Sets ann's language."""
    ann = await world.server.db.read(lambda tx: principals.by_name(tx, "ann"))
    assert ann is not None
    await world.server.db.write(lambda tx: principals.set_language(tx, ann.id, code))


async def get(world: World, path: str, accept: str = "") -> Answer:
    headers = {"Accept_Language": accept} if accept else {}
    return await Client(world.server, None)("GET", path, **headers)


async def post(world: World, path: str, accept: str = "", **fields: str) -> Answer:
    if "seen" not in fields:
        fields["seen"] = rsvp.seen_in(await get(world, path))
    headers = {"Accept_Language": accept} if accept else {}
    return await Client(world.server, None)(
        "POST", path, urlencode(fields), Content_Type=rsvp.FORM, **headers
    )


def read(page: Answer) -> list[str]:
    """The lines that people read of a page."""
    text = html.unescape(TAG.sub("\n", page.text))
    return [line.strip() for line in text.split("\n") if line.strip()]


def language(page: Answer) -> str:
    """What a page says it is in."""
    (code,) = re.findall(r'<html lang="(\w+)">', page.text)
    assert page.headers["Content-Language"] == code
    assert page.headers["Vary"] == "Accept-Language"
    return str(code)


async def test_a_mail_is_in_the_organizers_language(world: World) -> None:
    await speak(world, "de")

    (mail,) = await world.mails()

    assert (mail["Subject"], mail["Content-Language"]) == ("Einladung: Meeting", "de")
    assert rsvp.text_of(mail).startswith(
        "Ann Example lädt Sie ein.\n\nWas: Meeting\nWann: Montag, 7. "
    )


async def test_a_page_is_in_the_organizers_language(world: World) -> None:
    await speak(world, "de")

    page = await get(world, await world.link())

    assert language(page) == "de"
    assert read(page) == [
        "Einladung: Meeting",
        "Einladung: Meeting",
        "Ann Example lädt Sie ein. Sie antworten als",
        "eve@example.net",
        ".",
        "Was",
        "Meeting",
        "Wann",
        "Montag, 7. September 2026, 10:00 bis 11:00 Uhr (UTC)",
        "Organisiert von",
        "ann@example.org",
        "Eingeladen",
        "ann@example.org",
        "bob@example.org",
        "eve@example.net",
        "Ihre Antwort",
        "Zusagen",
        "Vielleicht",
        "Absagen",
        "Kommentar für die einladende Person (freiwillig)",
        "Eine andere Zeit vorschlagen (freiwillig)",
        "Die Zeiten gelten in: UTC. Wer eingeladen hat, entscheidet.",
        "Von",
        "Bis",
        "Antwort senden",
    ]


@pytest.mark.parametrize(
    ("accept", "own", "servers", "code"),
    [
        ("it-CH, de;q=0.5", "de", "fr", "it"),
        ("ja", "de", "fr", "de"),
        ("", "de", "fr", "de"),
        ("ja", None, "fr", "fr"),
        ("", "xx", "fr", "fr"),
        ("", None, "en", "en"),
    ],
)
async def test_a_browser_goes_before_the_organizer_and_both_before_the_server(
    world: World, accept: str, own: str | None, servers: str, code: str
) -> None:
    await speak(world, own)
    world.server = replace(world.server, language=servers)

    page = await get(world, await world.link(), accept)

    assert language(page) == code


@pytest.mark.parametrize("code", CODES)
async def test_an_answer_is_thanked_for_in_the_language_of_the_page(
    world: World, code: str
) -> None:
    phrases, path = LANGUAGES[code].pages, await world.link()

    times = {"start": "2026-09-08T14:00", "end": "2026-09-08T15:30"}
    page = await post(world, path, code, answer="tentative", comment="42", **times)

    assert (page.status, language(page)) == (200, code)
    thanks = f"{phrases.thanks} {phrases.chosen['TENTATIVE']} {phrases.can_change}"
    assert rsvp.notes(page) == [thanks, phrases.proposed]
    assert (await world.answers())["eve"] == "TENTATIVE"


@pytest.mark.parametrize("code", CODES)
async def test_what_is_wrong_is_told_in_the_language_of_the_page(world: World, code: str) -> None:
    phrases, path = LANGUAGES[code].pages, await world.link()
    accept, maybe, decline = phrases.choices.values()
    times = {"start": "2026-09-08T14:00", "end": "2026-09-08T13:00"}

    pages = [
        await post(world, path, code),
        await post(world, path, code, answer="accepted", **times),
        await post(world, path, code, answer="accepted", start="noon"),
        await post(world, path, code, answer="accepted", seen="x"),
    ]

    assert [(page.status, language(page), *rsvp.notes(page)) for page in pages] == [
        (422, code, phrases.choose.format(accept=accept, maybe=maybe, decline=decline)),
        (422, code, phrases.wrong_length.other.format(n=31)),
        (422, code, phrases.wrong_time.format(example="2026-12-01T14:30")),
        (409, code, phrases.overtaken),
    ]


@pytest.mark.parametrize("code", CODES)
async def test_a_link_that_opens_nothing_says_so_in_the_browsers_language(
    world: World, code: str
) -> None:
    phrases, path = LANGUAGES[code].pages, await world.link()

    nowhere = await get(world, "/rsvp/nothing", code)
    await world.ann("DELETE", rsvp.MINE)
    over = await get(world, path, code)
    world.clock.now += 400 * rsvp.DAY_S
    old = await get(world, path, code)

    assert [(page.status, language(page), *read(page)) for page in (nowhere, over, old)] == [
        (404, code, phrases.unknown_title, phrases.unknown_title, phrases.unknown),
        (410, code, phrases.over_title, phrases.over_title, phrases.over),
        (410, code, phrases.expired_title, phrases.expired_title, phrases.expired),
    ]


@pytest.mark.parametrize("code", CODES)
async def test_who_guesses_is_told_to_wait_in_the_browsers_language(
    world: World, code: str
) -> None:
    phrases = LANGUAGES[code].pages
    guesses = Failures(Slowing(free_failures=0, delay_s=60))
    slow = replace(world.server, publisher=Publisher(guesses))
    guess = Request("GET", "/rsvp/other", {"Accept-Language": code}, peer="192.0.2.7")
    await handle(slow, guess)

    page = await handle(slow, guess)

    wait = phrases.seconds.other.format(n=30)
    told = TAG.sub("\n", html.unescape(page.body.decode()))
    assert (page.status, dict(page.headers)["Content-Language"]) == (429, code)
    assert phrases.too_many_links.format(wait=wait) in told


async def test_what_attendees_say_is_mailed_in_the_organizers_language(world: World) -> None:
    await speak(world, "fr")
    path = await world.link()

    await post(world, path, "de", answer="accepted", comment="Bis dann")
    world.clock.now += 10
    (mail,) = await world.mails()

    assert (mail["Subject"], mail["Content-Language"]) == (
        "eve@example.net a laissé un commentaire : Meeting",
        "fr",
    )
    assert "Commentaire\u00a0: Bis dann\n" in rsvp.text_of(mail)


async def test_a_title_cannot_use_the_placeholders_of_phrases(world: World) -> None:
    await world.mails()
    text = meeting(uid="p", lines=rsvp.ASKED, summary="{sender} {0} {zone.__class__}")
    await world.ann.put(rsvp.MINE.replace("m.ics", "p.ics"), text)

    (mail,) = await world.mails()
    page = await get(world, rsvp.LINK.findall(rsvp.text_of(mail))[0][0], "de")

    assert mail["Subject"] == "Invitation: {sender} {0} {zone.__class__}"
    assert rsvp.heading(page) == "Einladung: {sender} {0} {zone.__class__}"
