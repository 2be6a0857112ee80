"""French. Colons have a no-break space before them."""

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

_DAYS: Final = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")

FRENCH: Final = Language(
    code="fr",
    name="français",
    and_="{words} et {last}",
    times=Times(
        weekdays=_DAYS,
        months=(
            *("janvier", "février", "mars", "avril", "mai", "juin", "juillet"),
            *("août", "septembre", "octobre", "novembre", "décembre"),
        ),
        date="{weekday} {day} {month} {year}",
        at="{day}, {time} ({zone})",
        same_day="{day}, de {start} à {end} ({zone})",
        same_zone="du {first}, {start}, au {last}, {end} ({zone})",
        two_zones="du {first}, {start} ({zone}), au {last}, {end} ({other})",
        all_day="{day} (toute la journée)",
        days="du {first} au {last}",
        due="échéance\u00a0: {when}",
        task_span="début\u00a0: {start}, échéance\u00a0: {due}",
        hours="de {start} à {end}",
        floating="heure locale, où que vous soyez",
        utc="UTC",
        zone="{name}, UTC{offset}",
        first_day="1er",
    ),
    recurrence=Recurrence(
        every={
            "DAILY": "tous les jours",
            "WEEKLY": "toutes les semaines",
            "MONTHLY": "tous les mois",
            "YEARLY": "tous les ans",
        },
        every_n={
            "DAILY": "tous les {n} jours",
            "WEEKLY": "toutes les {n} semaines",
            "MONTHLY": "tous les {n} mois",
            "YEARLY": "tous les {n} ans",
        },
        workdays="tous les jours ouvrés (du lundi au vendredi)",
        weekly="{every}, {days}",
        on_weekdays=tuple(f"le {day}" for day in _DAYS),
        on_nth_weekday="{every}, {day}",
        nth={
            1: "le premier {day}",
            2: "le deuxième {day}",
            3: "le troisième {day}",
            4: "le quatrième {day}",
            5: "le cinquième {day}",
            -1: "le dernier {day}",
        },
        on_last_day="{every}, le dernier jour",
        on_month_day="{every}, le {days}",
        on_month_days="{every}, les {days}",
        month_day="{day}",
        counted=Plural("{pattern}, {n} fois", "{pattern}, {n} fois"),
        until="{pattern}, jusqu’au {day}",
        on_other_dates="à d’autres dates aussi",
        otherwise="selon une règle que votre agenda affiche",
    ),
    rows=Rows(
        row="{title}\u00a0: {value}",
        changed="Modifié",
        what="Quoi",
        when="Quand",
        repeats="Répétition",
        exceptions="Exceptions",
        note="Remarque",
        where="Où",
        link="Lien",
        organizer="Organisation",
        answer="Réponse",
        invited="Personnes invitées",
        assigned="Attribuée à",
        comment="Commentaire",
        description="Description",
        no_title="(sans titre)",
        quoted="«\u00a0{text}\u00a0»",
        answers={
            "ACCEPTED": "a accepté",
            "DECLINED": "a refusé",
            "TENTATIVE": "a accepté provisoirement",
            "DELEGATED": "a délégué",
            "COMPLETED": "a terminé",
            "IN-PROCESS": "a commencé",
            "": "n’a pas répondu",
        },
        others=Plural("et {n} autre personne", "et {n} autres personnes"),
        now_and_before="{title}\u00a0: maintenant {now}, avant {before}",
        nothing="rien",
        new="Nouveau\u00a0: {what}",
        no_longer="Ne vaut plus\u00a0: {what}",
        more=Plural("et {n} de plus", "et {n} de plus"),
        not_on="Pas le {day}",
        except_on="Sauf le {day}\u00a0: {what}",
        not_from="À partir du {day}, cela n’a plus lieu",
        from_on="À partir du {day}\u00a0: {what}",
    ),
    mails=Mails(
        subject="{what} : {summary}",
        invitation="Invitation",
        updated="Modification",
        cancelled="Annulation",
        again="A finalement lieu",
        countered="Nouvel horaire proposé",
        declined_counter="Proposition refusée",
        refresh="Merci de renvoyer",
        answered={
            "ACCEPTED": "Accepté",
            "DECLINED": "Refusé",
            "TENTATIVE": "Provisoire",
            "": "Réponse",
        },
        leads={
            "REQUEST": "{sender} vous invite.",
            "UPDATE": "{sender} a modifié ceci.",
            "AGAIN": "{sender} vous invite de nouveau\u00a0: cela a finalement lieu.",
            "CANCEL": "{sender} a annulé ceci. Pour vous, cela n’a pas lieu.",
            "COUNTER": "{sender} propose un autre horaire ou un autre lieu.",
            "DECLINECOUNTER": "{sender} s’en tient à ce qui était prévu.",
            "REFRESH": "{sender} vous demande d’envoyer la version actuelle.",
        },
        lead_replies={
            "ACCEPTED": "{sender} a accepté.",
            "DECLINED": "{sender} a refusé.",
            "TENTATIVE": "{sender} a accepté provisoirement.",
            "DELEGATED": "{sender} a délégué.",
            "COMPLETED": "{sender} a terminé.",
            "IN-PROCESS": "{sender} a commencé.",
            "NEEDS-ACTION": "{sender} n’a pas répondu.",
            "": "{sender} a répondu.",
        },
        foot=(
            "Un serveur d’agenda a envoyé ce message pour {sender}\u00a0; "
            "la pièce jointe invite.ics est destinée aux programmes."
        ),
        foot_invitation=(
            "Acceptez ou refusez avec votre messagerie ou votre agenda\u00a0; s’il n’y a pas de "
            "boutons, ouvrez la pièce jointe invite.ics. "
            "Un serveur d’agenda a envoyé ce message pour {sender}."
        ),
        answer_by="Répondre sur une page web, sans compte\u00a0:",
        one_of_series="Ce message concerne une seule date d’une série.",
        some_of_series=Plural(
            "Ce message concerne {n} date d’une série\u00a0; elle est indiquée ici.",
            "Ce message concerne {n} dates d’une série\u00a0; la première est indiquée ici.",
        ),
        rest_of_series="Ce message concerne les dates d’une série à partir du {day}.",
        of_date="{subject} ({day})",
        from_date="{subject} (à partir du {day})",
        of_dates=Plural("{subject} ({n} date)", "{subject} ({n} dates)"),
        task_subjects={
            "REQUEST": "Tâche attribuée",
            "UPDATE": "Tâche modifiée",
            "CANCEL": "Tâche annulée",
            "AGAIN": "Tâche attribuée de nouveau",
        },
        task_leads={
            "REQUEST": "{sender} vous attribue une tâche.",
            "UPDATE": "{sender} a modifié cette tâche.",
            "CANCEL": "{sender} a annulé cette tâche. Vous n’avez plus à la faire.",
            "AGAIN": "{sender} vous attribue de nouveau cette tâche.",
        },
        subject_counter="{sender} propose un autre horaire : {summary}",
        subject_comment="{sender} a laissé un commentaire : {summary}",
        foot_counter=(
            "Un serveur d’agenda a envoyé ce message. La réunion reste inchangée tant que vous ne "
            "la modifiez pas dans votre agenda."
        ),
        foot_comment=("Un serveur d’agenda a envoyé ce message. La réponse est dans votre agenda."),
    ),
    pages=Pages(
        choices={"ACCEPTED": "Accepter", "TENTATIVE": "Peut-être", "DECLINED": "Refuser"},
        chosen={
            "ACCEPTED": "Vous avez accepté.",
            "TENTATIVE": "Vous avez accepté provisoirement.",
            "DECLINED": "Vous avez refusé.",
        },
        can_change="Vous pouvez modifier votre réponse ci-dessous.",
        error="Erreur\u00a0: {subject}",
        answers_as="Vous répondez en tant que {who}.",
        your_answer="Votre réponse",
        your_comment="Commentaire pour la personne qui invite (facultatif)",
        send="Envoyer la réponse",
        propose="Proposer un autre horaire (facultatif)",
        days_hint="Des jours, le dernier compris.",
        zone_hint="Les heures sont celles de\u00a0: {zone}.",
        organizer_decides="La personne qui invite décide.",
        from_="Du",
        to="Au",
        thanks="Merci.",
        on_its_way="Votre réponse est en route.",
        proposed="L’horaire que vous proposez a été transmis à la personne qui invite.",
        newer=(
            "Ceci a été modifié depuis l’envoi de votre message. Voici ce qui est prévu maintenant."
        ),
        overtaken=(
            "Ceci a été modifié pendant que vous répondiez\u00a0: votre réponse n’a pas été "
            "envoyée. Vérifiez-la à nouveau."
        ),
        choose="Choisissez une réponse\u00a0: {accept}, {maybe} ou {decline}.",
        wrong_length=Plural(
            "L’autre horaire doit finir après son début, au plus {n} jour plus tard.",
            "L’autre horaire doit finir après son début, au plus {n} jours plus tard.",
        ),
        wrong_time="Indiquez le début et la fin de l’autre horaire, par exemple {example}.",
        unknown_title="Ce lien ne mène nulle part",
        unknown=(
            "Vérifiez qu’il a été copié en entier depuis le message. Vous pouvez aussi répondre "
            "avec votre messagerie, ou écrire à la personne qui vous a invité."
        ),
        expired_title="Ce lien est trop ancien",
        expired="Répondez avec votre messagerie, ou écrivez à la personne qui vous a invité.",
        over_title="Il n’y a plus rien à répondre",
        over="Ceci a été annulé, ou l’invitation ne vous concerne plus.",
        wait_title="Veuillez patienter un peu",
        too_many_links=(
            "Trop de liens ne menaient nulle part. "
            "Réessayez dans {wait}, ou répondez avec votre messagerie."
        ),
        too_many_answers=(
            "Trop de réponses ont été envoyées par ce lien. "
            "Réessayez dans {wait}, ou répondez avec votre messagerie."
        ),
        too_many_opens=(
            "Ce lien a été ouvert trop souvent. "
            "Réessayez dans {wait}, ou répondez avec votre messagerie."
        ),
        seconds=Plural("{n} seconde", "{n} secondes"),
        minutes=Plural("{n} minute", "{n} minutes"),
    ),
    rooms=Rooms(
        bookers="Vous ne faites pas partie des personnes qui peuvent réserver ici.",
        over="La date est passée.",
        ahead=Plural(
            "La réservation est possible {n} jour à l’avance au plus.",
            "La réservation est possible {n} jours à l’avance au plus.",
        ),
        longest="La réservation est possible pour {length} au plus.",
        instances=Plural(
            "On peut réserver {n} date d’une série au plus.",
            "On peut réserver {n} dates d’une série au plus.",
        ),
        not_free="Pas libre\u00a0: {when}.",
        not_open="Fermé\u00a0: {when}.",
        open="Ouvert\u00a0: {hours}.",
        at="{day}, {time}",
        days=Plural("{n} jour", "{n} jours"),
        hours=Plural("{n} heure", "{n} heures"),
    ),
)
