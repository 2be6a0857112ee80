"""Mails in other languages: German as a whole, and none with English words left in it."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from caldavd.ical import vtimezone
from caldavd.itip.home import home_of
from caldavd.itip.imip import Post, write
from caldavd.itip.notice import write as write_notice
from caldavd.itip.ticket import Pages
from caldavd.languages.codes import CODES
from caldavd.languages.en import ENGLISH
from caldavd.languages.known import LANGUAGES
from caldavd.languages.phrases import Language
from tests.unit.builders import calendar, vtodo
from tests.unit.itip.messages import message, part, request
from tests.unit.itip.test_imip import (
    AT,
    BOB,
    MAILS,
    PLACE,
    POST,
    REPEATS,
    from_then_on,
    invitation,
    words,
)

GOLDEN = Path(__file__).parents[3] / "fixtures" / "itip" / "mail"
PAGES = Pages("https://cal.example.com/rsvp/", b"k" * 32, 7, 1_800_000_000)
TAG = re.compile(r"<style>.*?</style>|<[^>]*>", re.DOTALL)
WORD = re.compile(r"[A-Za-z]{2,}")


def german(text: str, post: Post = POST) -> str:
    """The plain text of a German mail."""
    return words(write(text, replace(post, language=LANGUAGES["de"]), AT))


def test_a_german_invitation_is_the_stored_one_octet_by_octet() -> None:
    post = replace(POST, language=LANGUAGES["de"], pages=PAGES)
    text = invitation("REQUEST", "SEQUENCE:0", BOB.format("NEEDS-ACTION"), PLACE)

    octets = write(text, post, AT).as_bytes()

    assert octets == (GOLDEN / "request.de.eml").read_bytes()
    assert octets.isascii()
    assert max(map(len, octets.split(b"\r\n"))) <= 78


def test_a_german_update_says_what_changed() -> None:
    lines = ["EXDATE;TZID=Europe/Berlin:20260112T090000"]
    old = invitation("REQUEST", BOB.format("NEEDS-ACTION"), rrule="FREQ=WEEKLY;COUNT=4")
    new = invitation("REQUEST", BOB.format("NEEDS-ACTION"), PLACE, *lines, rrule=None)

    text = german(new, replace(POST, update=True, before=old))

    assert text.split("\n-- \n")[0] == (
        "Ann Ärlich hat dies geändert.\n\n"
        "Geändert:\n"
        "Wiederholung: jetzt ohne Angabe, vorher jede Woche, 4-mal\n"
        "Wo: jetzt Köln, Saal 2, vorher ohne Angabe\n"
        "Neu: Entfällt: Montag, 12. Januar 2026\n"
        "Was: Bücher & <Zahlen>\n"
        "Wann: Montag, 5. Januar 2026, 09:00 bis 10:30 Uhr (Europe/Berlin, UTC+01:00)\n"
        "Ausnahmen: Entfällt: Montag, 12. Januar 2026\n"
        "Wo: Köln, Saal 2\n"
        "Organisiert von: ann@example.com\n"
        "Eingeladen: Bob (bob@example.net)\n"
    )


def test_a_german_answer_says_who_says_what() -> None:
    text, post = MAILS["reply"]

    assert german(text, post) == (
        "Bob hat mit Vorbehalt zugesagt.\n\n"
        "Was: Bücher & <Zahlen>\n"
        "Wann: Montag, 5. Januar 2026, 09:00 bis 10:30 Uhr (Europe/Berlin, UTC+01:00)\n"
        "Wiederholung: jede Woche am Montag und Mittwoch, bis Montag, 30. März 2026\n"
        "Organisiert von: ann@example.com\n"
        "Antwort: Bob (bob@example.net): mit Vorbehalt zugesagt\n"
        "Kommentar: Ich komme später\n\n"
        "-- \n"
        "Ein Kalenderserver hat dies für Bob gesendet; der Anhang invite.ics ist für Programme.\n"
    )


GERMAN_WHEN = {
    "in UTC": (
        message("REQUEST", part(start="20260105T090000Z", duration="PT1H")),
        "Montag, 5. Januar 2026, 09:00 bis 10:00 Uhr (UTC)",
    ),
    "over midnight": (
        message("REQUEST", part(start="20260105T230000Z", duration="PT2H")),
        "Montag, 5. Januar 2026, 23:00 Uhr bis Dienstag, 6. Januar 2026, 01:00 Uhr (UTC)",
    ),
    "floating": (
        message("REQUEST", part(start="20260105T090000", end="20260105T100000")),
        "Montag, 5. Januar 2026, 09:00 bis 10:00 Uhr (Ortszeit, wo immer Sie sind)",
    ),
    "one day": (
        message("REQUEST", part(start="20260105", end="20260106")),
        "Montag, 5. Januar 2026 (ganztägig)",
    ),
    "three days": (
        message("REQUEST", part(start="20260105", end="20260108")),
        "Montag, 5. Januar 2026 bis Mittwoch, 7. Januar 2026",
    ),
    "a task": (
        calendar(vtodo(due="20260105T120000Z"), lines=["METHOD:REQUEST"]),
        "fällig: Montag, 5. Januar 2026, 12:00 Uhr (UTC)",
    ),
}


@pytest.mark.parametrize("name", GERMAN_WHEN)
def test_german_times_are_as_germans_write_them(name: str) -> None:
    text, told = GERMAN_WHEN[name]

    assert f"Wann: {told}\n" in german(text)


GERMAN_REPEATS = {
    "FREQ=DAILY": "jeden Tag",
    "FREQ=DAILY;COUNT=1": "jeden Tag, 1-mal",
    "FREQ=DAILY;INTERVAL=3;COUNT=4": "alle 3 Tage, 4-mal",
    "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR": "jeden Werktag (Montag bis Freitag)",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE,FR": "alle 2 Wochen am Montag, Mittwoch und Freitag",
    "FREQ=MONTHLY;BYDAY=2TU": "jeden Monat am zweiten Dienstag",
    "FREQ=MONTHLY;BYDAY=-1FR": "jeden Monat am letzten Freitag",
    "FREQ=MONTHLY;BYMONTHDAY=15": "jeden Monat am 15.",
    "FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=1,15": "alle 2 Monate am 1. und 15.",
    "FREQ=MONTHLY;BYMONTHDAY=-1": "jeden Monat am letzten Tag",
    "FREQ=YEARLY;UNTIL=20300105T090000Z": "jedes Jahr, bis Samstag, 5. Januar 2030",
    "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1": "nach einer Regel, die Ihr Kalenderprogramm anzeigt",
}


@pytest.mark.parametrize("rule", GERMAN_REPEATS)
def test_german_rules_are_told_in_words(rule: str) -> None:
    assert f"Wiederholung: {GERMAN_REPEATS[rule]}\n" in german(request(rrule=rule))


@pytest.mark.parametrize(
    ("code", "when", "repeats"),
    [
        (
            "fr",
            "Quand\u00a0: jeudi 1er janvier 2026, de 09:00 à 10:30 (Europe/Berlin, UTC+01:00)",
            "tous les mois, les 1er et 15, 3 fois",
        ),
        (
            "es",
            "Cuándo: jueves, 1 de enero de 2026, de 09:00 a 10:30 (Europe/Berlin, UTC+01:00)",
            "cada mes, los días 1 y 15, 3 veces",
        ),
        (
            "it",
            "Quando: giovedì 1 gennaio 2026, ore 09:00 - 10:30 (Europe/Berlin, UTC+01:00)",
            "ogni mese, i giorni 1 e 15, 3 volte",
        ),
        (
            "nl",
            "Wanneer: donderdag 1 januari 2026, 09:00 tot 10:30 uur (Europe/Berlin, UTC+01:00)",
            "elke maand op dag 1 en 15, 3 keer",
        ),
        (
            "pt",
            "Quando: quinta-feira, 1 de janeiro de 2026, das 09:00 às 10:30 "
            "(Europe/Berlin, UTC+01:00)",
            "todos os meses, nos dias 1 e 15, 3 vezes",
        ),
    ],
)
def test_each_language_has_its_own_forms(code: str, when: str, repeats: str) -> None:
    text = invitation(rrule="FREQ=MONTHLY;BYMONTHDAY=1,15;COUNT=3", start="20260101T090000")

    said = words(write(text, replace(POST, language=LANGUAGES[code]), AT))

    assert f"{when}\n" in said
    assert f": {repeats}\n" in said


def test_days_of_the_week_have_their_gender() -> None:
    rules = ("FREQ=WEEKLY;BYDAY=MO,SU", "FREQ=MONTHLY;BYDAY=1MO", "FREQ=MONTHLY;BYDAY=-1SU")

    said = {
        code: [
            re.findall(
                rf"{LANGUAGES[code].rows.repeats}: (.*)",
                words(write(request(rrule=rule), replace(POST, language=LANGUAGES[code]), AT)),
            )[0]
            for rule in rules
        ]
        for code in ("it", "pt")
    }

    assert said == {
        "it": [
            "ogni settimana, il lunedì e la domenica",
            "ogni mese, il primo lunedì",
            "ogni mese, l’ultima domenica",
        ],
        "pt": [
            "todas as semanas, na segunda-feira e no domingo",
            "todos os meses, na primeira segunda-feira",
            "todos os meses, no último domingo",
        ],
    }


SAID_OTHERWISE = {
    "de": (
        "Aufgabe: Task",
        "Ann Ärlich weist Ihnen eine Aufgabe zu.",
        "Wann: Beginn: Sonntag, 1. März 2026, fällig: Donnerstag, 5. März 2026",
        "Abgesagt: Meeting (ab Dienstag, 6. Januar 2026)",
        "Ann Ärlich lädt Sie wieder ein: Es findet doch statt.",
    ),
    "en": (
        "Task assigned: Task",
        "Ann Ärlich assigns you a task.",
        "When: begins Sunday 1 March 2026, due Thursday 5 March 2026",
        "Cancelled: Meeting (from Tuesday 6 January 2026 on)",
        "Ann Ärlich invites you again: it takes place after all.",
    ),
    "es": (
        "Tarea asignada: Task",
        "Ann Ärlich le asigna una tarea.",
        "Cuándo: empieza: domingo, 1 de marzo de 2026, vence: jueves, 5 de marzo de 2026",
        "Cancelación: Meeting (a partir del martes, 6 de enero de 2026)",
        "Ann Ärlich vuelve a enviarle una invitación: finalmente se celebra.",
    ),
    "fr": (
        "Tâche attribuée : Task",
        "Ann Ärlich vous attribue une tâche.",
        "Quand\u00a0: début\u00a0: dimanche 1er mars 2026, échéance\u00a0: jeudi 5 mars 2026",
        "Annulation : Meeting (à partir du mardi 6 janvier 2026)",
        "Ann Ärlich vous invite de nouveau\u00a0: cela a finalement lieu.",
    ),
    "it": (
        "Attività assegnata: Task",
        "Ann Ärlich Le assegna un’attività.",
        "Quando: inizio: domenica 1 marzo 2026, scadenza: giovedì 5 marzo 2026",
        "Annullamento: Meeting (a partire da martedì 6 gennaio 2026)",
        "Ann Ärlich Le invia di nuovo un invito: l’appuntamento annullato si terrà.",
    ),
    "nl": (
        "Taak toegewezen: Task",
        "Ann Ärlich wijst u een taak toe.",
        "Wanneer: begin: zondag 1 maart 2026, uiterlijk: donderdag 5 maart 2026",
        "Geannuleerd: Meeting (vanaf dinsdag 6 januari 2026)",
        "Ann Ärlich nodigt u opnieuw uit: het gaat toch door.",
    ),
    "pt": (
        "Tarefa atribuída: Task",
        "Ann Ärlich atribuiu-lhe uma tarefa.",
        "Quando: início: domingo, 1 de março de 2026, prazo: quinta-feira, 5 de março de 2026",
        "Cancelamento: Meeting (a partir de terça-feira, 6 de janeiro de 2026)",
        "Ann Ärlich enviou-lhe de novo um convite: afinal, realiza-se.",
    ),
}


@pytest.mark.parametrize("code", CODES)
def test_tasks_and_what_holds_from_a_date_on_are_told_in_each_language(code: str) -> None:
    post = replace(POST, language=LANGUAGES[code])
    todo = calendar(vtodo(start="20260301", due="20260305"), lines=["METHOD:REQUEST"])
    ended = message("CANCEL", from_then_on(part(day=6)))

    task, rest, again = (
        write(text, as_, AT)
        for text, as_ in (
            (todo, post),
            (ended, post),
            (request(), replace(post, update=True, reinstated=True)),
        )
    )

    lead, _, _, when = words(task).splitlines()[:4]
    assert (task["Subject"], lead, when, rest["Subject"], words(again).splitlines()[0]) == (
        SAID_OTHERWISE[code]
    )


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("name", MAILS)
def test_a_mail_names_its_language_and_is_written_in_ascii(name: str, code: str) -> None:
    text, post = MAILS[name]
    language = LANGUAGES[code]

    octets = write(text, replace(post, language=language), AT).as_bytes()

    mail = message_from_bytes(octets, policy=policy.default)
    page = next(one for one in mail.walk() if one.get_content_type() == "text/html")
    assert (octets.isascii(), max(map(len, octets.split(b"\r\n"))) <= 78) == (True, True)
    assert (mail["Content-Language"], f'<html lang="{code}">' in page.get_content()) == (code, True)
    (title,) = re.findall("<title>(.*)</title>", page.get_content())
    assert mail["Subject"] == html.unescape(title)


# --- Nothing is said that is no phrase of the language ---


def scrambled(of: Any) -> Any:
    """A language of which no phrase has a Latin letter: what has one, is not a phrase."""
    if isinstance(of, str):
        parts = re.split(r"(\{\w*\}|invite\.ics)", of)
        return "".join(
            one if number % 2 else re.sub("[A-Za-z]", "ж", one) for number, one in enumerate(parts)
        )
    if is_dataclass(of) and not isinstance(of, type):
        return replace(of, **{one.name: scrambled(getattr(of, one.name)) for one in fields(of)})
    if isinstance(of, Mapping):
        return {key: scrambled(value) for key, value in of.items()}
    return tuple(map(scrambled, of)) if isinstance(of, tuple) else of


SCRAMBLED: Language = replace(scrambled(ENGLISH), code="xx")
NOT_PHRASES = {
    *("Ann", "Bob", "rlich", "ann", "bob", "cid", "example", "com", "net", "xx", "invite", "ics"),
    *("Europe", "Berlin", "rsvp", "https", "cal", "answer", "accepted", "tentative", "declined"),
    *("cher", "Zahlen", "ln", "Saal", "Ich", "komme", "sp", "ter", "Bring", "the", "numbers"),
    *("From", "here", "on", "we", "count", "Meeting", "Elsewhere", "Task", "Paris", "meet", "tel"),
}
"""Words of the events themselves, of names, and of URLs."""
OVERRIDES = (
    part(day=6, start="20260106T110000Z", duration="PT2H", lines=["LOCATION:Elsewhere"]),
    part(day=7, summary="Meeting Meeting"),
    part(day=8, lines=["STATUS:CANCELLED"]),
)
JOINED = ("CONFERENCE;LABEL=Saal:https://meet.example.com/rsvp", "URL:tel:1")
PARIS = home_of(vtimezone.calendar_text("Europe/Paris"))
DATED = {"start": "20260105", "due": "20260108"}
UPDATED = replace(POST, update=True, before=request(rrule="FREQ=WEEKLY"))
MANY = [f"ATTENDEE:mailto:bob{number}@example.net" for number in range(30)]
LETTERS: dict[str, tuple[str, Post]] = {
    **MAILS,
    **{name: (text, POST) for name, (text, _) in GERMAN_WHEN.items()},
    **{rule: (request(rrule=rule), POST) for rule in (*REPEATS, *GERMAN_REPEATS)},
    "pages": (MAILS["request"][0], replace(POST, pages=PAGES)),
    "changes": (request(*OVERRIDES, lines=["LOCATION:Saal"]), UPDATED),
    "many changes": (
        request(
            rrule="FREQ=DAILY;COUNT=40",
            lines=[f"EXDATE:202601{day:02}T090000Z" for day in range(6, 30)],
        ),
        UPDATED,
    ),
    "many people": (request(lines=MANY), POST),
    "no title": (message("REQUEST", part(summary=None)), POST),
    "other dates": (request(rrule=None, lines=["RDATE:20260109T090000Z"]), POST),
    "one date": (message("CANCEL", part(day=6)), POST),
    "dates": (message("CANCEL", part(day=6), part(day=7)), POST),
    "refresh": (message("REFRESH", part()), POST),
    "two zones": (
        invitation("REQUEST", rrule=None, duration=None, end="20260105T120000Z"),
        POST,
    ),
    **{
        f"reply {answer}": (message("REPLY", part(people=[f"bob={answer}"])), POST)
        for answer in (*ENGLISH.mails.lead_replies, "X-OTHER")
        if answer
    },
    "reply of nobody": (message("REPLY", part(people=[])), POST),
    "from a date on": (
        request(
            from_then_on(part(day=6, start="20260106T110000Z", duration="PT2H")),
            from_then_on(part(day=8, lines=["STATUS:CANCELLED"])),
        ),
        POST,
    ),
    **{
        f"{method} from a date on": (message(method, from_then_on(part(day=6))), POST)
        for method in ("REQUEST", "CANCEL")
    },
    "links": (request(lines=JOINED), UPDATED),
    "in the zone of the organizer": (message("REQUEST", part()), replace(POST, home=PARIS)),
    "counter with an answer": (
        message("COUNTER", part(people=["ann=TENTATIVE"])),
        replace(POST, sender="ann@example.com"),
    ),
    "takes place after all": (request(), replace(POST, update=True, reinstated=True)),
    **{
        f"task {number}": (calendar(vtodo(**DATED), lines=[f"METHOD:{method}"]), post)
        for number, (method, post) in enumerate(
            (
                ("REQUEST", POST),
                ("REQUEST", replace(POST, update=True)),
                ("REQUEST", replace(POST, update=True, reinstated=True)),
                ("CANCEL", POST),
                ("COUNTER", POST),
            )
        )
    },
}


def other_words(mail: EmailMessage) -> set[str]:
    """The words in what people read of a mail that are no phrases."""
    read = [str(mail["Subject"])]
    for one in mail.walk():
        if one.get_content_type() in ("text/plain", "text/html"):
            assert isinstance(one, EmailMessage)
            read.append(html.unescape(TAG.sub(" ", one.get_content())))
    token = re.compile(r"https:\S+")
    found = WORD.findall(token.sub(" ", "\n".join(read)))
    return set(found) - NOT_PHRASES


@pytest.mark.parametrize("name", LETTERS)
def test_a_mail_says_nothing_that_is_no_phrase_of_its_language(name: str) -> None:
    text, post = LETTERS[name]

    assert other_words(write(text, replace(post, language=SCRAMBLED), AT)) == set()


@pytest.mark.parametrize("method", ["COUNTER", "REPLY"])
def test_a_notice_says_nothing_that_is_no_phrase_of_its_language(method: str) -> None:
    text = message(method, part(people=["bob=TENTATIVE"], lines=["COMMENT:Saal"]))

    mail = write_notice(text, replace(POST, language=SCRAMBLED), datetime(2026, 1, 2, tzinfo=UTC))

    assert (other_words(mail), mail["Content-Language"]) == (set(), "xx")


def test_words_that_are_no_phrase_are_seen() -> None:
    mail = write(MAILS["request"][0], replace(POST, language=ENGLISH), AT)

    assert {"Invitation", "When", "Monday", "attachment"} <= other_words(mail)


@pytest.mark.parametrize("code", [one for one in CODES if one != "en"])
@pytest.mark.parametrize("name", LETTERS)
def test_every_mail_can_be_written_in_every_language(name: str, code: str) -> None:
    text, post = LETTERS[name]

    mail = write(text, replace(post, language=LANGUAGES[code]), AT)

    assert re.findall(r"[{}]", words(mail)) == []
    assert "\n-- \n" in words(mail)
