"""Italian. Sunday is feminine."""

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
    *("lunedì", "martedì", "mercoledì", "giovedì"),
    *("venerdì", "sabato", "domenica"),
)

ITALIAN: Final = Language(
    code="it",
    name="italiano",
    and_="{words} e {last}",
    times=Times(
        weekdays=_DAYS,
        months=(
            *("gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio"),
            *("agosto", "settembre", "ottobre", "novembre", "dicembre"),
        ),
        date="{weekday} {day} {month} {year}",
        at="{day}, ore {time} ({zone})",
        same_day="{day}, ore {start} - {end} ({zone})",
        same_zone="da {first}, ore {start}, a {last}, ore {end} ({zone})",
        two_zones="da {first}, ore {start} ({zone}), a {last}, ore {end} ({other})",
        all_day="{day} (tutto il giorno)",
        days="da {first} a {last}",
        due="scadenza: {when}",
        task_span="inizio: {start}, scadenza: {due}",
        hours="ore {start} - {end}",
        floating="ora locale, ovunque ci si trovi",
        utc="UTC",
        zone="{name}, UTC{offset}",
    ),
    recurrence=Recurrence(
        every={
            "DAILY": "ogni giorno",
            "WEEKLY": "ogni settimana",
            "MONTHLY": "ogni mese",
            "YEARLY": "ogni anno",
        },
        every_n={
            "DAILY": "ogni {n} giorni",
            "WEEKLY": "ogni {n} settimane",
            "MONTHLY": "ogni {n} mesi",
            "YEARLY": "ogni {n} anni",
        },
        workdays="ogni giorno feriale (da lunedì a venerdì)",
        weekly="{every}, {days}",
        on_weekdays=(*(f"il {day}" for day in _DAYS[:6]), f"la {_DAYS[6]}"),
        on_nth_weekday="{every}, {day}",
        nth={
            1: "il primo {day}",
            2: "il secondo {day}",
            3: "il terzo {day}",
            4: "il quarto {day}",
            5: "il quinto {day}",
            -1: "l’ultimo {day}",
        },
        nth_feminine={
            1: "la prima {day}",
            2: "la seconda {day}",
            3: "la terza {day}",
            4: "la quarta {day}",
            5: "la quinta {day}",
            -1: "l’ultima {day}",
        },
        feminine=frozenset({6}),
        on_last_day="{every}, l’ultimo giorno",
        on_month_day="{every}, il giorno {days}",
        on_month_days="{every}, i giorni {days}",
        month_day="{day}",
        counted=Plural("{pattern}, {n} volta", "{pattern}, {n} volte"),
        until="{pattern}, fino a {day}",
        on_other_dates="anche in altre date",
        otherwise="secondo una regola che il programma di calendario mostra",
    ),
    rows=Rows(
        row="{title}: {value}",
        changed="Modifiche",
        what="Che cosa",
        when="Quando",
        repeats="Si ripete",
        exceptions="Eccezioni",
        note="Nota",
        where="Dove",
        link="Link",
        organizer="Organizza",
        answer="Risposta",
        invited="Persone invitate",
        assigned="Assegnata a",
        comment="Commento",
        description="Descrizione",
        no_title="(senza titolo)",
        quoted="«{text}»",
        answers={
            "ACCEPTED": "ha accettato",
            "DECLINED": "ha rifiutato",
            "TENTATIVE": "ha accettato con riserva",
            "DELEGATED": "ha delegato",
            "COMPLETED": "ha terminato",
            "IN-PROCESS": "ha iniziato",
            "": "non ha risposto",
        },
        others=Plural("e {n} altra persona", "e altre {n} persone"),
        now_and_before="{title}: ora {now}, prima {before}",
        nothing="niente",
        new="Nuovo: {what}",
        no_longer="Non più: {what}",
        more=Plural("e {n} in più", "e {n} in più"),
        not_on="Non si tiene: {day}",
        except_on="Tranne {day}: {what}",
        not_from="A partire da {day} non si tiene più",
        from_on="A partire da {day}: {what}",
    ),
    mails=Mails(
        subject="{what}: {summary}",
        invitation="Invito",
        updated="Modifica",
        cancelled="Annullamento",
        again="Di nuovo in programma",
        countered="Nuovo orario proposto",
        declined_counter="Proposta rifiutata",
        refresh="Inviare di nuovo, per favore",
        answered={
            "ACCEPTED": "Accettato",
            "DECLINED": "Rifiutato",
            "TENTATIVE": "Con riserva",
            "": "Risposta",
        },
        leads={
            "REQUEST": "{sender} Le invia un invito.",
            "UPDATE": "{sender} ha fatto delle modifiche.",
            "AGAIN": "{sender} Le invia di nuovo un invito: l’appuntamento annullato si terrà.",
            "CANCEL": "{sender} ha annullato quanto segue. Per Lei non si tiene.",
            "COUNTER": "{sender} propone un altro orario o un altro luogo.",
            "DECLINECOUNTER": "{sender} mantiene quanto previsto.",
            "REFRESH": "{sender} Le chiede di inviare la versione attuale.",
        },
        lead_replies={
            "ACCEPTED": "{sender} ha accettato.",
            "DECLINED": "{sender} ha rifiutato.",
            "TENTATIVE": "{sender} ha accettato con riserva.",
            "DELEGATED": "{sender} ha delegato.",
            "COMPLETED": "{sender} ha terminato.",
            "IN-PROCESS": "{sender} ha iniziato.",
            "NEEDS-ACTION": "{sender} non ha risposto.",
            "": "{sender} ha risposto.",
        },
        foot=(
            "Un server di calendario ha inviato questo messaggio per conto di {sender}; "
            "l’allegato invite.ics è per i programmi."
        ),
        foot_invitation=(
            "Accetti o rifiuti con il Suo programma di posta o di calendario; se non mostra "
            "pulsanti, apra l’allegato invite.ics. "
            "Un server di calendario ha inviato questo messaggio per conto di {sender}."
        ),
        answer_by="Rispondere su una pagina web, senza account:",
        one_of_series="Si tratta di una sola data di una serie.",
        some_of_series=Plural(
            "Si tratta di {n} data di una serie; è quella mostrata qui.",
            "Si tratta di {n} date di una serie; qui è mostrata la prima.",
        ),
        rest_of_series="Si tratta delle date di una serie a partire da {day}.",
        of_date="{subject} ({day})",
        from_date="{subject} (a partire da {day})",
        of_dates=Plural("{subject} ({n} data)", "{subject} ({n} date)"),
        task_subjects={
            "REQUEST": "Attività assegnata",
            "UPDATE": "Attività modificata",
            "CANCEL": "Attività annullata",
            "AGAIN": "Attività assegnata di nuovo",
        },
        task_leads={
            "REQUEST": "{sender} Le assegna un’attività.",
            "UPDATE": "{sender} ha modificato questa attività.",
            "CANCEL": "{sender} ha annullato questa attività. Non deve più svolgerla.",
            "AGAIN": "{sender} Le assegna di nuovo questa attività.",
        },
        subject_counter="{sender} propone un altro orario: {summary}",
        subject_comment="{sender} commenta: {summary}",
        foot_counter=(
            "Un server di calendario ha inviato questo messaggio. "
            "La riunione resta com’è finché non la modifica nel Suo calendario."
        ),
        foot_comment=(
            "Un server di calendario ha inviato questo messaggio. La risposta è nel Suo calendario."
        ),
    ),
    pages=Pages(
        choices={"ACCEPTED": "Accetta", "TENTATIVE": "Forse", "DECLINED": "Rifiuta"},
        chosen={
            "ACCEPTED": "Ha accettato.",
            "TENTATIVE": "Ha accettato con riserva.",
            "DECLINED": "Ha rifiutato.",
        },
        can_change="Può cambiare la Sua risposta qui sotto.",
        error="Errore: {subject}",
        answers_as="Risponde come {who}.",
        your_answer="La Sua risposta",
        your_comment="Commento per chi organizza (facoltativo)",
        send="Invia la risposta",
        propose="Proporre un altro orario (facoltativo)",
        days_hint="Giorni, l’ultimo compreso.",
        zone_hint="Gli orari sono di: {zone}.",
        organizer_decides="Decide chi organizza.",
        from_="Dal",
        to="Al",
        thanks="Grazie.",
        on_its_way="La Sua risposta è in arrivo.",
        proposed="Chi organizza ha ricevuto l’orario che propone.",
        newer=(
            "Ci sono state modifiche da quando il messaggio è stato inviato. "
            "Qui sotto è indicato quanto previsto ora."
        ),
        overtaken=(
            "Ci sono state modifiche mentre rispondeva: la Sua risposta non è stata inviata. "
            "Controlli di nuovo."
        ),
        choose="Scelga una risposta: {accept}, {maybe} o {decline}.",
        wrong_length=Plural(
            "L’altro orario deve finire dopo l’inizio, al massimo {n} giorno dopo.",
            "L’altro orario deve finire dopo l’inizio, al massimo {n} giorni dopo.",
        ),
        wrong_time="Indichi da quando a quando è l’altro orario, per esempio {example}.",
        unknown_title="Questo link non porta da nessuna parte",
        unknown=(
            "Controlli di averlo copiato per intero dal messaggio. Può anche rispondere con il "
            "Suo programma di posta o scrivere a chi ha inviato l’invito."
        ),
        expired_title="Questo link è troppo vecchio",
        expired="Risponda con il Suo programma di posta o scriva a chi ha inviato l’invito.",
        over_title="Non c’è più niente a cui rispondere",
        over="È stato annullato, o l’invito non è più rivolto a Lei.",
        wait_title="Attenda un momento",
        too_many_links=(
            "Troppi link non portavano da nessuna parte. "
            "Riprovi fra {wait}, o risponda con il Suo programma di posta."
        ),
        too_many_answers=(
            "Sono state inviate troppe risposte con questo link. "
            "Riprovi fra {wait}, o risponda con il Suo programma di posta."
        ),
        too_many_opens=(
            "Questo link è stato aperto troppe volte. "
            "Riprovi fra {wait}, o risponda con il Suo programma di posta."
        ),
        seconds=Plural("{n} secondo", "{n} secondi"),
        minutes=Plural("{n} minuto", "{n} minuti"),
    ),
    rooms=Rooms(
        bookers="Lei non è fra le persone che possono prenotare qui.",
        over="La data è passata.",
        ahead=Plural(
            "Si può prenotare con {n} giorno di anticipo al massimo.",
            "Si può prenotare con {n} giorni di anticipo al massimo.",
        ),
        longest="Si può prenotare per {length} al massimo.",
        instances=Plural(
            "Si può prenotare {n} data di una serie al massimo.",
            "Si possono prenotare {n} date di una serie al massimo.",
        ),
        not_free="Non è libero: {when}.",
        not_open="Chiuso: {when}.",
        open="Aperto: {hours}.",
        at="{day}, ore {time}",
        days=Plural("{n} giorno", "{n} giorni"),
        hours=Plural("{n} ora", "{n} ore"),
    ),
)
