"""Dutch."""

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
    *("maandag", "dinsdag", "woensdag", "donderdag"),
    *("vrijdag", "zaterdag", "zondag"),
)

DUTCH: Final = Language(
    code="nl",
    name="Nederlands",
    and_="{words} en {last}",
    times=Times(
        weekdays=_DAYS,
        months=(
            *("januari", "februari", "maart", "april", "mei", "juni", "juli"),
            *("augustus", "september", "oktober", "november", "december"),
        ),
        date="{weekday} {day} {month} {year}",
        at="{day}, {time} uur ({zone})",
        same_day="{day}, {start} tot {end} uur ({zone})",
        same_zone="{first}, {start} uur tot {last}, {end} uur ({zone})",
        two_zones="{first}, {start} uur ({zone}) tot {last}, {end} uur ({other})",
        all_day="{day} (hele dag)",
        days="{first} tot en met {last}",
        due="uiterlijk: {when}",
        task_span="begin: {start}, uiterlijk: {due}",
        hours="{start} tot {end} uur",
        floating="lokale tijd, waar u ook bent",
        utc="UTC",
        zone="{name}, UTC{offset}",
    ),
    recurrence=Recurrence(
        every={
            "DAILY": "elke dag",
            "WEEKLY": "elke week",
            "MONTHLY": "elke maand",
            "YEARLY": "elk jaar",
        },
        every_n={
            "DAILY": "elke {n} dagen",
            "WEEKLY": "elke {n} weken",
            "MONTHLY": "elke {n} maanden",
            "YEARLY": "elke {n} jaar",
        },
        workdays="elke werkdag (maandag tot en met vrijdag)",
        weekly="{every} op {days}",
        on_weekdays=_DAYS,
        on_nth_weekday="{every} op {day}",
        nth={
            1: "de eerste {day}",
            2: "de tweede {day}",
            3: "de derde {day}",
            4: "de vierde {day}",
            5: "de vijfde {day}",
            -1: "de laatste {day}",
        },
        on_last_day="{every} op de laatste dag",
        on_month_day="{every} op dag {days}",
        on_month_days="{every} op dag {days}",
        month_day="{day}",
        counted=Plural("{pattern}, {n} keer", "{pattern}, {n} keer"),
        until="{pattern}, tot en met {day}",
        on_other_dates="ook op andere data",
        otherwise="volgens een regel die uw agendaprogramma toont",
    ),
    rows=Rows(
        row="{title}: {value}",
        changed="Gewijzigd",
        what="Wat",
        when="Wanneer",
        repeats="Herhaling",
        exceptions="Uitzonderingen",
        note="Opmerking",
        where="Waar",
        link="Link",
        organizer="Organisator",
        answer="Antwoord",
        invited="Uitgenodigd",
        assigned="Toegewezen aan",
        comment="Toelichting",
        description="Beschrijving",
        no_title="(geen titel)",
        quoted="‘{text}’",
        answers={
            "ACCEPTED": "geaccepteerd",
            "DECLINED": "afgewezen",
            "TENTATIVE": "voorlopig geaccepteerd",
            "DELEGATED": "gedelegeerd",
            "COMPLETED": "voltooid",
            "IN-PROCESS": "begonnen",
            "": "niet beantwoord",
        },
        others=Plural("en {n} ander", "en {n} anderen"),
        now_and_before="{title}: nu {now}, eerst {before}",
        nothing="niets",
        new="Nieuw: {what}",
        no_longer="Niet meer: {what}",
        more=Plural("en nog {n}", "en nog {n}"),
        not_on="Niet op {day}",
        except_on="Behalve op {day}: {what}",
        not_from="Vanaf {day} gaat het niet meer door",
        from_on="Vanaf {day}: {what}",
    ),
    mails=Mails(
        subject="{what}: {summary}",
        invitation="Uitnodiging",
        updated="Gewijzigd",
        cancelled="Geannuleerd",
        again="Gaat toch door",
        countered="Nieuwe tijd voorgesteld",
        declined_counter="Voorstel afgewezen",
        refresh="Graag opnieuw sturen",
        answered={
            "ACCEPTED": "Geaccepteerd",
            "DECLINED": "Afgewezen",
            "TENTATIVE": "Voorlopig",
            "": "Antwoord",
        },
        leads={
            "REQUEST": "{sender} nodigt u uit.",
            "UPDATE": "{sender} heeft dit gewijzigd.",
            "AGAIN": "{sender} nodigt u opnieuw uit: het gaat toch door.",
            "CANCEL": "{sender} heeft dit geannuleerd. Voor u gaat het niet door.",
            "COUNTER": "{sender} stelt een andere tijd of plaats voor.",
            "DECLINECOUNTER": "{sender} houdt vast aan wat gepland was.",
            "REFRESH": "{sender} vraagt u de huidige versie te sturen.",
        },
        lead_replies={
            "ACCEPTED": "{sender} heeft geaccepteerd.",
            "DECLINED": "{sender} heeft afgewezen.",
            "TENTATIVE": "{sender} heeft voorlopig geaccepteerd.",
            "DELEGATED": "{sender} heeft gedelegeerd.",
            "COMPLETED": "{sender} heeft dit voltooid.",
            "IN-PROCESS": "{sender} is begonnen.",
            "NEEDS-ACTION": "{sender} heeft niet geantwoord.",
            "": "{sender} heeft geantwoord.",
        },
        foot=(
            "Een agendaserver heeft dit namens {sender} gestuurd; "
            "de bijlage invite.ics is voor programma’s."
        ),
        foot_invitation=(
            "Accepteer of weiger met uw mail- of agendaprogramma; als dat geen knoppen toont, "
            "open dan de bijlage invite.ics. "
            "Een agendaserver heeft dit namens {sender} gestuurd."
        ),
        answer_by="Antwoord op een webpagina, zonder account:",
        one_of_series="Dit gaat over één datum van een reeks.",
        some_of_series=Plural(
            "Dit gaat over {n} datum van een reeks; die staat hier.",
            "Dit gaat over {n} data van een reeks; de eerste daarvan staat hier.",
        ),
        rest_of_series="Dit gaat over de data van een reeks vanaf {day}.",
        of_date="{subject} ({day})",
        from_date="{subject} (vanaf {day})",
        of_dates=Plural("{subject} ({n} datum)", "{subject} ({n} data)"),
        task_subjects={
            "REQUEST": "Taak toegewezen",
            "UPDATE": "Taak gewijzigd",
            "CANCEL": "Taak geannuleerd",
            "AGAIN": "Taak opnieuw toegewezen",
        },
        task_leads={
            "REQUEST": "{sender} wijst u een taak toe.",
            "UPDATE": "{sender} heeft deze taak gewijzigd.",
            "CANCEL": "{sender} heeft deze taak geannuleerd. U hoeft die niet meer te doen.",
            "AGAIN": "{sender} wijst u deze taak opnieuw toe.",
        },
        subject_counter="{sender} stelt een andere tijd voor: {summary}",
        subject_comment="{sender} geeft een toelichting: {summary}",
        foot_counter=(
            "Een agendaserver heeft dit gestuurd. "
            "De afspraak blijft zoals die is tot u die in uw agenda wijzigt."
        ),
        foot_comment="Een agendaserver heeft dit gestuurd. Het antwoord staat in uw agenda.",
    ),
    pages=Pages(
        choices={"ACCEPTED": "Accepteren", "TENTATIVE": "Misschien", "DECLINED": "Afwijzen"},
        chosen={
            "ACCEPTED": "U hebt geaccepteerd.",
            "TENTATIVE": "U hebt voorlopig geaccepteerd.",
            "DECLINED": "U hebt afgewezen.",
        },
        can_change="Hieronder kunt u uw antwoord wijzigen.",
        error="Fout: {subject}",
        answers_as="U antwoordt als {who}.",
        your_answer="Uw antwoord",
        your_comment="Toelichting voor de organisator (niet verplicht)",
        send="Antwoord versturen",
        propose="Een andere tijd voorstellen (niet verplicht)",
        days_hint="Dagen, de laatste inbegrepen.",
        zone_hint="De tijden gelden in: {zone}.",
        organizer_decides="De organisator beslist.",
        from_="Van",
        to="Tot",
        thanks="Dank u wel.",
        on_its_way="Uw antwoord is onderweg.",
        proposed="De organisator krijgt de tijd te zien die u voorstelt.",
        newer="Dit is gewijzigd sinds uw mail is verstuurd. Hieronder staat wat nu gepland is.",
        overtaken=(
            "Dit is gewijzigd terwijl u antwoordde: uw antwoord is niet verstuurd. "
            "Bekijk het opnieuw."
        ),
        choose="Kies een antwoord: {accept}, {maybe} of {decline}.",
        wrong_length=Plural(
            "De andere tijd moet na het begin eindigen, hoogstens {n} dag later.",
            "De andere tijd moet na het begin eindigen, hoogstens {n} dagen later.",
        ),
        wrong_time="Geef aan van wanneer tot wanneer de andere tijd is, zoals {example}.",
        unknown_title="Deze link leidt nergens heen",
        unknown=(
            "Kijk of hij helemaal uit de mail is gekopieerd. U kunt ook met uw mailprogramma "
            "antwoorden, of schrijven aan wie u heeft uitgenodigd."
        ),
        expired_title="Deze link is te oud",
        expired="Antwoord met uw mailprogramma, of schrijf aan wie u heeft uitgenodigd.",
        over_title="Er valt niets meer te beantwoorden",
        over="Dit is geannuleerd, of u bent er niet meer voor uitgenodigd.",
        wait_title="Even geduld alstublieft",
        too_many_links=(
            "Er waren te veel links die nergens heen leiden. "
            "Probeer het over {wait} opnieuw, of antwoord met uw mailprogramma."
        ),
        too_many_answers=(
            "Er waren te veel antwoorden via deze link. "
            "Probeer het over {wait} opnieuw, of antwoord met uw mailprogramma."
        ),
        too_many_opens=(
            "Deze link is te vaak geopend. "
            "Probeer het over {wait} opnieuw, of antwoord met uw mailprogramma."
        ),
        seconds=Plural("{n} seconde", "{n} seconden"),
        minutes=Plural("{n} minuut", "{n} minuten"),
    ),
    rooms=Rooms(
        bookers="U hoort niet bij degenen die hier kunnen reserveren.",
        over="De datum is voorbij.",
        ahead=Plural(
            "Reserveren kan hoogstens {n} dag van tevoren.",
            "Reserveren kan hoogstens {n} dagen van tevoren.",
        ),
        longest="Reserveren kan voor hoogstens {length}.",
        instances=Plural(
            "Van een reeks kan hoogstens {n} datum worden gereserveerd.",
            "Van een reeks kunnen hoogstens {n} data worden gereserveerd.",
        ),
        not_free="Niet vrij: {when}.",
        not_open="Gesloten: {when}.",
        open="Open: {hours}.",
        at="{day}, {time} uur",
        days=Plural("{n} dag", "{n} dagen"),
        hours=Plural("{n} uur", "{n} uur"),
    ),
)
