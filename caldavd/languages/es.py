"""Spanish."""

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

_DAYS: Final = ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo")

SPANISH: Final = Language(
    code="es",
    name="español",
    and_="{words} y {last}",
    times=Times(
        weekdays=_DAYS,
        months=(
            *("enero", "febrero", "marzo", "abril", "mayo", "junio", "julio"),
            *("agosto", "septiembre", "octubre", "noviembre", "diciembre"),
        ),
        date="{weekday}, {day} de {month} de {year}",
        at="{day}, {time} ({zone})",
        same_day="{day}, de {start} a {end} ({zone})",
        same_zone="del {first}, {start}, al {last}, {end} ({zone})",
        two_zones="del {first}, {start} ({zone}), al {last}, {end} ({other})",
        all_day="{day} (todo el día)",
        days="del {first} al {last}",
        due="vence: {when}",
        task_span="empieza: {start}, vence: {due}",
        hours="de {start} a {end}",
        floating="hora local, dondequiera que esté",
        utc="UTC",
        zone="{name}, UTC{offset}",
    ),
    recurrence=Recurrence(
        every={
            "DAILY": "cada día",
            "WEEKLY": "cada semana",
            "MONTHLY": "cada mes",
            "YEARLY": "cada año",
        },
        every_n={
            "DAILY": "cada {n} días",
            "WEEKLY": "cada {n} semanas",
            "MONTHLY": "cada {n} meses",
            "YEARLY": "cada {n} años",
        },
        workdays="cada día laborable (de lunes a viernes)",
        weekly="{every}, {days}",
        on_weekdays=tuple(f"el {day}" for day in _DAYS),
        on_nth_weekday="{every}, {day}",
        nth={
            1: "el primer {day}",
            2: "el segundo {day}",
            3: "el tercer {day}",
            4: "el cuarto {day}",
            5: "el quinto {day}",
            -1: "el último {day}",
        },
        on_last_day="{every}, el último día",
        on_month_day="{every}, el día {days}",
        on_month_days="{every}, los días {days}",
        month_day="{day}",
        counted=Plural("{pattern}, {n} vez", "{pattern}, {n} veces"),
        until="{pattern}, hasta el {day}",
        on_other_dates="también en otras fechas",
        otherwise="según una regla que muestra su programa de calendario",
    ),
    rows=Rows(
        row="{title}: {value}",
        changed="Cambios",
        what="Qué",
        when="Cuándo",
        repeats="Se repite",
        exceptions="Excepciones",
        note="Nota",
        where="Dónde",
        link="Enlace",
        organizer="Organiza",
        answer="Respuesta",
        invited="Personas invitadas",
        assigned="Asignada a",
        comment="Comentario",
        description="Descripción",
        no_title="(sin título)",
        quoted="«{text}»",
        answers={
            "ACCEPTED": "ha aceptado",
            "DECLINED": "ha rechazado",
            "TENTATIVE": "ha aceptado provisionalmente",
            "DELEGATED": "ha delegado",
            "COMPLETED": "ha terminado",
            "IN-PROCESS": "ha empezado",
            "": "no ha respondido",
        },
        others=Plural("y {n} persona más", "y {n} personas más"),
        now_and_before="{title}: ahora {now}, antes {before}",
        nothing="nada",
        new="Nuevo: {what}",
        no_longer="Ya no: {what}",
        more=Plural("y {n} más", "y {n} más"),
        not_on="No se celebra: {day}",
        except_on="Excepto el {day}: {what}",
        not_from="A partir del {day} ya no se celebra",
        from_on="A partir del {day}: {what}",
    ),
    mails=Mails(
        subject="{what}: {summary}",
        invitation="Invitación",
        updated="Modificación",
        cancelled="Cancelación",
        again="Finalmente se celebra",
        countered="Nueva hora propuesta",
        declined_counter="Propuesta rechazada",
        refresh="Envíe de nuevo, por favor",
        answered={
            "ACCEPTED": "Aceptado",
            "DECLINED": "Rechazado",
            "TENTATIVE": "Provisional",
            "": "Respuesta",
        },
        leads={
            "REQUEST": "{sender} le envía una invitación.",
            "UPDATE": "{sender} ha hecho cambios.",
            "AGAIN": "{sender} vuelve a enviarle una invitación: finalmente se celebra.",
            "CANCEL": "{sender} ha cancelado esto. Para usted no se celebra.",
            "COUNTER": "{sender} propone otra hora u otro lugar.",
            "DECLINECOUNTER": "{sender} mantiene lo que estaba previsto.",
            "REFRESH": "{sender} le pide que envíe la versión actual.",
        },
        lead_replies={
            "ACCEPTED": "{sender} ha aceptado.",
            "DECLINED": "{sender} ha rechazado.",
            "TENTATIVE": "{sender} ha aceptado provisionalmente.",
            "DELEGATED": "{sender} ha delegado.",
            "COMPLETED": "{sender} ha terminado.",
            "IN-PROCESS": "{sender} ha empezado.",
            "NEEDS-ACTION": "{sender} no ha respondido.",
            "": "{sender} ha respondido.",
        },
        foot=(
            "Un servidor de calendario ha enviado esto en nombre de {sender}; "
            "el archivo adjunto invite.ics es para programas."
        ),
        foot_invitation=(
            "Acepte o rechace con su programa de correo o de calendario; si no muestra botones, "
            "abra el archivo adjunto invite.ics. "
            "Un servidor de calendario ha enviado esto en nombre de {sender}."
        ),
        answer_by="Responda en una página web, sin cuenta:",
        one_of_series="Se trata de una sola fecha de una serie.",
        some_of_series=Plural(
            "Se trata de {n} fecha de una serie; es la que se muestra aquí.",
            "Se trata de {n} fechas de una serie; aquí se muestra la primera.",
        ),
        rest_of_series="Se trata de las fechas de una serie a partir del {day}.",
        of_date="{subject} ({day})",
        from_date="{subject} (a partir del {day})",
        of_dates=Plural("{subject} ({n} fecha)", "{subject} ({n} fechas)"),
        task_subjects={
            "REQUEST": "Tarea asignada",
            "UPDATE": "Tarea modificada",
            "CANCEL": "Tarea cancelada",
            "AGAIN": "Tarea asignada de nuevo",
        },
        task_leads={
            "REQUEST": "{sender} le asigna una tarea.",
            "UPDATE": "{sender} ha modificado esta tarea.",
            "CANCEL": "{sender} ha cancelado esta tarea. Ya no tiene que hacerla.",
            "AGAIN": "{sender} le asigna de nuevo esta tarea.",
        },
        subject_counter="{sender} propone otra hora: {summary}",
        subject_comment="{sender} comenta: {summary}",
        foot_counter=(
            "Un servidor de calendario ha enviado esto. "
            "La reunión sigue como está hasta que usted la cambie en su calendario."
        ),
        foot_comment=(
            "Un servidor de calendario ha enviado esto. La respuesta está en su calendario."
        ),
    ),
    pages=Pages(
        choices={"ACCEPTED": "Aceptar", "TENTATIVE": "Quizás", "DECLINED": "Rechazar"},
        chosen={
            "ACCEPTED": "Ha aceptado.",
            "TENTATIVE": "Ha aceptado provisionalmente.",
            "DECLINED": "Ha rechazado.",
        },
        can_change="Puede cambiar su respuesta abajo.",
        error="Error: {subject}",
        answers_as="Responde como {who}.",
        your_answer="Su respuesta",
        your_comment="Comentario para quien organiza (opcional)",
        send="Enviar la respuesta",
        propose="Proponer otra hora (opcional)",
        days_hint="Días, el último incluido.",
        zone_hint="Las horas son de: {zone}.",
        organizer_decides="Decide quien organiza.",
        from_="Desde",
        to="Hasta",
        thanks="Gracias.",
        on_its_way="Su respuesta está en camino.",
        proposed="Quien organiza ha recibido la hora que usted propone.",
        newer="Esto ha cambiado desde que se envió su correo. Abajo está lo previsto ahora.",
        overtaken=(
            "Esto ha cambiado mientras respondía: su respuesta no se ha enviado. Revíselo de nuevo."
        ),
        choose="Elija una respuesta: {accept}, {maybe} o {decline}.",
        wrong_length=Plural(
            "La otra hora tiene que terminar después de empezar, como mucho {n} día después.",
            "La otra hora tiene que terminar después de empezar, como mucho {n} días después.",
        ),
        wrong_time="Indique desde cuándo y hasta cuándo es la otra hora, por ejemplo {example}.",
        unknown_title="Este enlace no lleva a ninguna parte",
        unknown=(
            "Compruebe que lo ha copiado entero del correo. También puede responder con su "
            "programa de correo o escribir a quien le invitó."
        ),
        expired_title="Este enlace es demasiado antiguo",
        expired="Responda con su programa de correo o escriba a quien le invitó.",
        over_title="Ya no hay nada que responder",
        over="Esto se ha cancelado, o la invitación ya no es para usted.",
        wait_title="Espere un poco, por favor",
        too_many_links=(
            "Demasiados enlaces no llevaban a ninguna parte. "
            "Inténtelo de nuevo en {wait}, o responda con su programa de correo."
        ),
        too_many_answers=(
            "Se han enviado demasiadas respuestas con este enlace. "
            "Inténtelo de nuevo en {wait}, o responda con su programa de correo."
        ),
        too_many_opens=(
            "Este enlace se ha abierto demasiadas veces. "
            "Inténtelo de nuevo en {wait}, o responda con su programa de correo."
        ),
        seconds=Plural("{n} segundo", "{n} segundos"),
        minutes=Plural("{n} minuto", "{n} minutos"),
    ),
    rooms=Rooms(
        bookers="No está entre quienes pueden reservar aquí.",
        over="La fecha ya ha pasado.",
        ahead=Plural(
            "Se puede reservar con {n} día de antelación como máximo.",
            "Se puede reservar con {n} días de antelación como máximo.",
        ),
        longest="Se puede reservar por {length} como máximo.",
        instances=Plural(
            "Se puede reservar {n} fecha de una serie como máximo.",
            "Se pueden reservar {n} fechas de una serie como máximo.",
        ),
        not_free="No está libre: {when}.",
        not_open="Cerrado: {when}.",
        open="Abierto: {hours}.",
        at="{day}, {time}",
        days=Plural("{n} día", "{n} días"),
        hours=Plural("{n} hora", "{n} horas"),
    ),
)
