"""German."""

from __future__ import annotations

from typing import Final

from caldavd.languages.phrases import (
    Language,
    Mails,
    Pages,
    Plural,
    Recurrence,
    Rooms,
    Rows,
    Times,
)

_DAYS: Final = (
    *("Montag", "Dienstag", "Mittwoch", "Donnerstag"),
    *("Freitag", "Samstag", "Sonntag"),
)

GERMAN: Final = Language(
    code="de",
    name="Deutsch",
    and_="{words} und {last}",
    times=Times(
        weekdays=_DAYS,
        months=(
            *("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli"),
            *("August", "September", "Oktober", "November", "Dezember"),
        ),
        date="{weekday}, {day}. {month} {year}",
        at="{day}, {time} Uhr ({zone})",
        same_day="{day}, {start} bis {end} Uhr ({zone})",
        same_zone="{first}, {start} Uhr bis {last}, {end} Uhr ({zone})",
        two_zones="{first}, {start} Uhr ({zone}) bis {last}, {end} Uhr ({other})",
        all_day="{day} (ganztägig)",
        days="{first} bis {last}",
        due="fällig: {when}",
        task_span="Beginn: {start}, fällig: {due}",
        hours="{start} bis {end} Uhr",
        floating="Ortszeit, wo immer Sie sind",
        utc="UTC",
        zone="{name}, UTC{offset}",
    ),
    recurrence=Recurrence(
        every={
            "DAILY": "jeden Tag",
            "WEEKLY": "jede Woche",
            "MONTHLY": "jeden Monat",
            "YEARLY": "jedes Jahr",
        },
        every_n={
            "DAILY": "alle {n} Tage",
            "WEEKLY": "alle {n} Wochen",
            "MONTHLY": "alle {n} Monate",
            "YEARLY": "alle {n} Jahre",
        },
        workdays="jeden Werktag (Montag bis Freitag)",
        weekly="{every} am {days}",
        on_weekdays=_DAYS,
        on_nth_weekday="{every} {day}",
        nth={
            1: "am ersten {day}",
            2: "am zweiten {day}",
            3: "am dritten {day}",
            4: "am vierten {day}",
            5: "am fünften {day}",
            -1: "am letzten {day}",
        },
        on_last_day="{every} am letzten Tag",
        on_month_day="{every} am {days}",
        on_month_days="{every} am {days}",
        month_day="{day}.",
        counted=Plural("{pattern}, {n}-mal", "{pattern}, {n}-mal"),
        until="{pattern}, bis {day}",
        on_other_dates="auch an anderen Tagen",
        otherwise="nach einer Regel, die Ihr Kalenderprogramm anzeigt",
    ),
    rows=Rows(
        row="{title}: {value}",
        changed="Geändert",
        what="Was",
        when="Wann",
        repeats="Wiederholung",
        exceptions="Ausnahmen",
        note="Hinweis",
        where="Wo",
        link="Link",
        organizer="Organisiert von",
        answer="Antwort",
        invited="Eingeladen",
        assigned="Zugewiesen an",
        comment="Kommentar",
        description="Beschreibung",
        no_title="(ohne Titel)",
        quoted="„{text}“",
        answers={
            "ACCEPTED": "zugesagt",
            "DECLINED": "abgesagt",
            "TENTATIVE": "mit Vorbehalt zugesagt",
            "DELEGATED": "an andere übergeben",
            "COMPLETED": "erledigt",
            "IN-PROCESS": "begonnen",
            "": "noch keine Antwort",
        },
        others=Plural("und {n} weitere Person", "und {n} weitere Personen"),
        now_and_before="{title}: jetzt {now}, vorher {before}",
        nothing="ohne Angabe",
        new="Neu: {what}",
        no_longer="Nicht mehr: {what}",
        more=Plural("und {n} weitere", "und {n} weitere"),
        not_on="Entfällt: {day}",
        except_on="Abweichend: {day}: {what}",
        not_from="Entfällt ab {day}",
        from_on="Ab {day}: {what}",
    ),
    mails=Mails(
        subject="{what}: {summary}",
        invitation="Einladung",
        updated="Geändert",
        cancelled="Abgesagt",
        again="Findet doch statt",
        countered="Neuer Termin vorgeschlagen",
        declined_counter="Vorschlag abgelehnt",
        refresh="Bitte noch einmal senden",
        answered={
            "ACCEPTED": "Zusage",
            "DECLINED": "Absage",
            "TENTATIVE": "Mit Vorbehalt",
            "": "Antwort",
        },
        leads={
            "REQUEST": "{sender} lädt Sie ein.",
            "UPDATE": "{sender} hat dies geändert.",
            "AGAIN": "{sender} lädt Sie wieder ein: Es findet doch statt.",
            "CANCEL": "{sender} hat dies abgesagt. Für Sie findet es nicht statt.",
            "COUNTER": "{sender} schlägt eine andere Zeit oder einen anderen Ort vor.",
            "DECLINECOUNTER": "{sender} bleibt bei dem, was geplant war.",
            "REFRESH": "{sender} bittet Sie um den neuesten Stand.",
        },
        lead_replies={
            "ACCEPTED": "{sender} hat zugesagt.",
            "DECLINED": "{sender} hat abgesagt.",
            "TENTATIVE": "{sender} hat mit Vorbehalt zugesagt.",
            "DELEGATED": "{sender} hat dies an andere übergeben.",
            "COMPLETED": "{sender} hat dies erledigt.",
            "IN-PROCESS": "{sender} hat begonnen.",
            "NEEDS-ACTION": "{sender} hat noch nicht geantwortet.",
            "": "{sender} hat geantwortet.",
        },
        foot=(
            "Ein Kalenderserver hat dies für {sender} gesendet; "
            "der Anhang invite.ics ist für Programme."
        ),
        foot_invitation=(
            "Sagen Sie mit Ihrem Mail- oder Kalenderprogramm zu oder ab; wo es keine Knöpfe "
            "zeigt, öffnen Sie den Anhang invite.ics. "
            "Ein Kalenderserver hat dies für {sender} gesendet."
        ),
        answer_by="Antworten Sie auf einer Webseite, ohne Konto:",
        one_of_series="Hier geht es um einen Termin einer Serie.",
        some_of_series=Plural(
            "Hier geht es um {n} Termin einer Serie; er wird gezeigt.",
            "Hier geht es um {n} Termine einer Serie; gezeigt wird der erste davon.",
        ),
        rest_of_series="Hier geht es um die Termine einer Serie ab {day}.",
        of_date="{subject} ({day})",
        from_date="{subject} (ab {day})",
        of_dates=Plural("{subject} ({n} Termin)", "{subject} ({n} Termine)"),
        task_subjects={
            "REQUEST": "Aufgabe",
            "UPDATE": "Aufgabe geändert",
            "CANCEL": "Aufgabe entfällt",
            "AGAIN": "Aufgabe erneut zugewiesen",
        },
        task_leads={
            "REQUEST": "{sender} weist Ihnen eine Aufgabe zu.",
            "UPDATE": "{sender} hat diese Aufgabe geändert.",
            "CANCEL": (
                "{sender} hat diese Aufgabe zurückgezogen. Sie müssen sie nicht mehr erledigen."
            ),
            "AGAIN": "{sender} weist Ihnen diese Aufgabe erneut zu.",
        },
        subject_counter="{sender} schlägt eine andere Zeit vor: {summary}",
        subject_comment="{sender} hat einen Kommentar: {summary}",
        foot_counter=(
            "Ein Kalenderserver hat dies gesendet. "
            "Der Termin bleibt, wie er ist, bis Sie ihn in Ihrem Kalender ändern."
        ),
        foot_comment=("Ein Kalenderserver hat dies gesendet. Die Antwort steht in Ihrem Kalender."),
    ),
    pages=Pages(
        choices={"ACCEPTED": "Zusagen", "TENTATIVE": "Vielleicht", "DECLINED": "Absagen"},
        chosen={
            "ACCEPTED": "Sie haben zugesagt.",
            "TENTATIVE": "Sie haben mit Vorbehalt zugesagt.",
            "DECLINED": "Sie haben abgesagt.",
        },
        can_change="Unten können Sie Ihre Antwort ändern.",
        error="Fehler: {subject}",
        answers_as="Sie antworten als {who}.",
        your_answer="Ihre Antwort",
        your_comment="Kommentar für die einladende Person (freiwillig)",
        send="Antwort senden",
        propose="Eine andere Zeit vorschlagen (freiwillig)",
        days_hint="Tage, der letzte eingeschlossen.",
        zone_hint="Die Zeiten gelten in: {zone}.",
        organizer_decides="Wer eingeladen hat, entscheidet.",
        from_="Von",
        to="Bis",
        thanks="Danke.",
        on_its_way="Ihre Antwort ist unterwegs.",
        proposed="Wer eingeladen hat, erfährt die Zeit, die Sie vorschlagen.",
        newer="Seit Ihre Mail gesendet wurde, hat sich dies geändert. Unten steht, was jetzt gilt.",
        overtaken=(
            "Während Sie antworteten, hat sich dies geändert: Ihre Antwort wurde nicht gesendet. "
            "Sehen Sie es sich noch einmal an."
        ),
        choose="Wählen Sie eine Antwort: {accept}, {maybe} oder {decline}.",
        wrong_length=Plural(
            "Die andere Zeit muss nach ihrem Beginn enden, höchstens {n} Tag später.",
            "Die andere Zeit muss nach ihrem Beginn enden, höchstens {n} Tage später.",
        ),
        wrong_time="Geben Sie an, von wann bis wann die andere Zeit ist, etwa {example}.",
        unknown_title="Dieser Link führt nirgendwohin",
        unknown=(
            "Prüfen Sie, ob er ganz aus der Mail kopiert wurde. Sie können auch mit Ihrem "
            "Mailprogramm antworten oder der Person schreiben, die Sie eingeladen hat."
        ),
        expired_title="Dieser Link ist zu alt",
        expired=(
            "Antworten Sie mit Ihrem Mailprogramm, oder schreiben Sie der Person, die Sie "
            "eingeladen hat."
        ),
        over_title="Hier gibt es nichts mehr zu beantworten",
        over="Dies wurde abgesagt, oder Sie sind nicht mehr dazu eingeladen.",
        wait_title="Bitte warten Sie ein wenig",
        too_many_links=(
            "Zu viele Links führten nirgendwohin. Versuchen Sie es in {wait} wieder, oder "
            "antworten Sie mit Ihrem Mailprogramm."
        ),
        too_many_answers=(
            "Mit diesem Link wurde zu oft geantwortet. Versuchen Sie es in {wait} wieder, oder "
            "antworten Sie mit Ihrem Mailprogramm."
        ),
        too_many_opens=(
            "Dieser Link wurde zu oft geöffnet. Versuchen Sie es in {wait} wieder, oder "
            "antworten Sie mit Ihrem Mailprogramm."
        ),
        seconds=Plural("{n} Sekunde", "{n} Sekunden"),
        minutes=Plural("{n} Minute", "{n} Minuten"),
    ),
    rooms=Rooms(
        bookers="Sie gehören nicht zu denen, die hier buchen können.",
        over="Der Termin ist vorbei.",
        ahead=Plural(
            "Eine Buchung ist höchstens {n} Tag im Voraus möglich.",
            "Eine Buchung ist höchstens {n} Tage im Voraus möglich.",
        ),
        longest="Eine Buchung ist für höchstens {length} möglich.",
        instances=Plural(
            "Von einer Serie kann höchstens {n} Termin gebucht werden.",
            "Von einer Serie können höchstens {n} Termine gebucht werden.",
        ),
        not_free="Nicht frei: {when}.",
        not_open="Geschlossen: {when}.",
        open="Geöffnet: {hours}.",
        at="{day}, {time} Uhr",
        days=Plural("{n} Tag", "{n} Tage"),
        hours=Plural("{n} Stunde", "{n} Stunden"),
    ),
)
