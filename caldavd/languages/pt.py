"""Portuguese. Monday to Friday are feminine."""

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
    *("segunda-feira", "terça-feira", "quarta-feira", "quinta-feira"),
    *("sexta-feira", "sábado", "domingo"),
)

PORTUGUESE: Final = Language(
    code="pt",
    name="português",
    and_="{words} e {last}",
    times=Times(
        weekdays=_DAYS,
        months=(
            *("janeiro", "fevereiro", "março", "abril", "maio", "junho", "julho"),
            *("agosto", "setembro", "outubro", "novembro", "dezembro"),
        ),
        date="{weekday}, {day} de {month} de {year}",
        at="{day}, {time} ({zone})",
        same_day="{day}, das {start} às {end} ({zone})",
        same_zone="de {first}, {start}, a {last}, {end} ({zone})",
        two_zones="de {first}, {start} ({zone}), a {last}, {end} ({other})",
        all_day="{day} (dia inteiro)",
        days="de {first} a {last}",
        due="prazo: {when}",
        task_span="início: {start}, prazo: {due}",
        hours="das {start} às {end}",
        floating="hora local, onde quer que esteja",
        utc="UTC",
        zone="{name}, UTC{offset}",
    ),
    recurrence=Recurrence(
        every={
            "DAILY": "todos os dias",
            "WEEKLY": "todas as semanas",
            "MONTHLY": "todos os meses",
            "YEARLY": "todos os anos",
        },
        every_n={
            "DAILY": "a cada {n} dias",
            "WEEKLY": "a cada {n} semanas",
            "MONTHLY": "a cada {n} meses",
            "YEARLY": "a cada {n} anos",
        },
        workdays="todos os dias úteis (de segunda a sexta-feira)",
        weekly="{every}, {days}",
        on_weekdays=(*(f"na {day}" for day in _DAYS[:5]), f"no {_DAYS[5]}", f"no {_DAYS[6]}"),
        on_nth_weekday="{every}, {day}",
        nth={
            1: "no primeiro {day}",
            2: "no segundo {day}",
            3: "no terceiro {day}",
            4: "no quarto {day}",
            5: "no quinto {day}",
            -1: "no último {day}",
        },
        nth_feminine={
            1: "na primeira {day}",
            2: "na segunda {day}",
            3: "na terceira {day}",
            4: "na quarta {day}",
            5: "na quinta {day}",
            -1: "na última {day}",
        },
        feminine=frozenset({0, 1, 2, 3, 4}),
        on_last_day="{every}, no último dia",
        on_month_day="{every}, no dia {days}",
        on_month_days="{every}, nos dias {days}",
        month_day="{day}",
        counted=Plural("{pattern}, {n} vez", "{pattern}, {n} vezes"),
        until="{pattern}, até {day}",
        on_other_dates="também em outras datas",
        otherwise="segundo uma regra que o seu programa de calendário mostra",
    ),
    rows=Rows(
        row="{title}: {value}",
        changed="Alterações",
        what="O quê",
        when="Quando",
        repeats="Repete-se",
        exceptions="Exceções",
        note="Nota",
        where="Onde",
        link="Link",
        organizer="Organiza",
        answer="Resposta",
        invited="Pessoas convidadas",
        assigned="Atribuída a",
        comment="Comentário",
        description="Descrição",
        no_title="(sem título)",
        quoted="“{text}”",
        answers={
            "ACCEPTED": "aceitou",
            "DECLINED": "recusou",
            "TENTATIVE": "aceitou provisoriamente",
            "DELEGATED": "delegou",
            "COMPLETED": "concluiu",
            "IN-PROCESS": "começou",
            "": "não respondeu",
        },
        others=Plural("e mais {n} pessoa", "e mais {n} pessoas"),
        now_and_before="{title}: agora {now}, antes {before}",
        nothing="nada",
        new="Novo: {what}",
        no_longer="Já não: {what}",
        more=Plural("e mais {n}", "e mais {n}"),
        not_on="Não se realiza: {day}",
        except_on="Exceto {day}: {what}",
        not_from="A partir de {day} já não se realiza",
        from_on="A partir de {day}: {what}",
    ),
    mails=Mails(
        subject="{what}: {summary}",
        invitation="Convite",
        updated="Alteração",
        cancelled="Cancelamento",
        again="Afinal, realiza-se",
        countered="Novo horário proposto",
        declined_counter="Proposta recusada",
        refresh="Envie de novo, por favor",
        answered={
            "ACCEPTED": "Aceito",
            "DECLINED": "Recusado",
            "TENTATIVE": "Provisório",
            "": "Resposta",
        },
        leads={
            "REQUEST": "{sender} enviou-lhe um convite.",
            "UPDATE": "{sender} fez alterações.",
            "AGAIN": "{sender} enviou-lhe de novo um convite: afinal, realiza-se.",
            "CANCEL": "{sender} cancelou isto. Para você, não se realiza.",
            "COUNTER": "{sender} propõe outro horário ou outro local.",
            "DECLINECOUNTER": "{sender} mantém o que estava previsto.",
            "REFRESH": "{sender} pede-lhe que envie a versão atual.",
        },
        lead_replies={
            "ACCEPTED": "{sender} aceitou.",
            "DECLINED": "{sender} recusou.",
            "TENTATIVE": "{sender} aceitou provisoriamente.",
            "DELEGATED": "{sender} delegou.",
            "COMPLETED": "{sender} concluiu.",
            "IN-PROCESS": "{sender} começou.",
            "NEEDS-ACTION": "{sender} não respondeu.",
            "": "{sender} respondeu.",
        },
        foot=(
            "Um servidor de calendário enviou isto em nome de {sender}; "
            "o anexo invite.ics é para programas."
        ),
        foot_invitation=(
            "Aceite ou recuse com o seu programa de e-mail ou de calendário; se ele não mostrar "
            "botões, abra o anexo invite.ics. "
            "Um servidor de calendário enviou isto em nome de {sender}."
        ),
        answer_by="Responda numa página web, sem conta:",
        one_of_series="Trata-se de uma só data de uma série.",
        some_of_series=Plural(
            "Trata-se de {n} data de uma série; é a que se mostra aqui.",
            "Trata-se de {n} datas de uma série; aqui mostra-se a primeira.",
        ),
        rest_of_series="Trata-se das datas de uma série a partir de {day}.",
        of_date="{subject} ({day})",
        from_date="{subject} (a partir de {day})",
        of_dates=Plural("{subject} ({n} data)", "{subject} ({n} datas)"),
        task_subjects={
            "REQUEST": "Tarefa atribuída",
            "UPDATE": "Tarefa alterada",
            "CANCEL": "Tarefa cancelada",
            "AGAIN": "Tarefa atribuída de novo",
        },
        task_leads={
            "REQUEST": "{sender} atribuiu-lhe uma tarefa.",
            "UPDATE": "{sender} alterou esta tarefa.",
            "CANCEL": "{sender} cancelou esta tarefa. Já não é preciso fazê-la.",
            "AGAIN": "{sender} atribuiu-lhe de novo esta tarefa.",
        },
        subject_counter="{sender} propõe outro horário: {summary}",
        subject_comment="{sender} comenta: {summary}",
        foot_counter=(
            "Um servidor de calendário enviou isto. "
            "A reunião fica como está até você a alterar no seu calendário."
        ),
        foot_comment=("Um servidor de calendário enviou isto. A resposta está no seu calendário."),
    ),
    pages=Pages(
        choices={"ACCEPTED": "Aceitar", "TENTATIVE": "Talvez", "DECLINED": "Recusar"},
        chosen={
            "ACCEPTED": "Você aceitou.",
            "TENTATIVE": "Você aceitou provisoriamente.",
            "DECLINED": "Você recusou.",
        },
        can_change="Pode alterar a sua resposta abaixo.",
        error="Erro: {subject}",
        answers_as="Você responde como {who}.",
        your_answer="A sua resposta",
        your_comment="Comentário para quem organiza (opcional)",
        send="Enviar a resposta",
        propose="Propor outro horário (opcional)",
        days_hint="Dias, o último incluído.",
        zone_hint="As horas são de: {zone}.",
        organizer_decides="Quem organiza decide.",
        from_="De",
        to="Até",
        thanks="Obrigado.",
        on_its_way="A sua resposta está a caminho.",
        proposed="Quem organiza recebeu o horário que você propõe.",
        newer="Isto mudou desde que o seu e-mail foi enviado. Abaixo está o que se prevê agora.",
        overtaken=(
            "Isto mudou enquanto você respondia: a sua resposta não foi enviada. Veja de novo."
        ),
        choose="Escolha uma resposta: {accept}, {maybe} ou {decline}.",
        wrong_length=Plural(
            "O outro horário tem de terminar depois de começar, no máximo {n} dia depois.",
            "O outro horário tem de terminar depois de começar, no máximo {n} dias depois.",
        ),
        wrong_time="Indique de quando até quando é o outro horário, por exemplo {example}.",
        unknown_title="Este link não leva a lado nenhum",
        unknown=(
            "Verifique se foi copiado por inteiro do e-mail. Também pode responder com o seu "
            "programa de e-mail ou escrever a quem o convidou."
        ),
        expired_title="Este link é demasiado antigo",
        expired="Responda com o seu programa de e-mail ou escreva a quem o convidou.",
        over_title="Já não há nada a responder",
        over="Isto foi cancelado, ou o convite já não é para você.",
        wait_title="Espere um pouco, por favor",
        too_many_links=(
            "Demasiados links não levavam a lado nenhum. "
            "Tente de novo dentro de {wait}, ou responda com o seu programa de e-mail."
        ),
        too_many_answers=(
            "Foram enviadas demasiadas respostas com este link. "
            "Tente de novo dentro de {wait}, ou responda com o seu programa de e-mail."
        ),
        too_many_opens=(
            "Este link foi aberto demasiadas vezes. "
            "Tente de novo dentro de {wait}, ou responda com o seu programa de e-mail."
        ),
        seconds=Plural("{n} segundo", "{n} segundos"),
        minutes=Plural("{n} minuto", "{n} minutos"),
    ),
    rooms=Rooms(
        bookers="Você não está entre as pessoas que podem reservar aqui.",
        over="A data já passou.",
        ahead=Plural(
            "Só se pode reservar com {n} dia de antecedência, no máximo.",
            "Só se pode reservar com {n} dias de antecedência, no máximo.",
        ),
        longest="Só se pode reservar por {length}, no máximo.",
        instances=Plural(
            "Só se pode reservar {n} data de uma série, no máximo.",
            "Só se podem reservar {n} datas de uma série, no máximo.",
        ),
        not_free="Não está livre: {when}.",
        not_open="Fechado: {when}.",
        open="Aberto: {hours}.",
        at="{day}, {time}",
        days=Plural("{n} dia", "{n} dias"),
        hours=Plural("{n} hora", "{n} horas"),
    ),
)
