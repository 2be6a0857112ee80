"""English: what the other languages are compared with."""

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

_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

ENGLISH: Final = Language(
    code="en",
    name="English",
    and_="{words} and {last}",
    times=Times(
        weekdays=_DAYS,
        months=(
            *("January", "February", "March", "April", "May", "June", "July"),
            *("August", "September", "October", "November", "December"),
        ),
        date="{weekday} {day} {month} {year}",
        at="{day}, {time} ({zone})",
        same_day="{day}, {start} to {end} ({zone})",
        same_zone="{first}, {start} to {last}, {end} ({zone})",
        two_zones="{first}, {start} ({zone}) to {last}, {end} ({other})",
        all_day="{day} (all day)",
        days="{first} to {last}",
        due="due {when}",
        task_span="begins {start}, due {due}",
        hours="{start} to {end}",
        floating="local time, wherever you are",
        utc="UTC",
        zone="{name}, UTC{offset}",
    ),
    recurrence=Recurrence(
        every={
            "DAILY": "every day",
            "WEEKLY": "every week",
            "MONTHLY": "every month",
            "YEARLY": "every year",
        },
        every_n={
            "DAILY": "every {n} days",
            "WEEKLY": "every {n} weeks",
            "MONTHLY": "every {n} months",
            "YEARLY": "every {n} years",
        },
        workdays="every weekday (Monday to Friday)",
        weekly="{every} on {days}",
        on_weekdays=_DAYS,
        on_nth_weekday="{every} on {day}",
        nth={
            1: "the first {day}",
            2: "the second {day}",
            3: "the third {day}",
            4: "the fourth {day}",
            5: "the fifth {day}",
            -1: "the last {day}",
        },
        on_last_day="{every} on the last day",
        on_month_day="{every} on day {days}",
        on_month_days="{every} on days {days}",
        month_day="{day}",
        counted=Plural("{pattern}, {n} time", "{pattern}, {n} times"),
        until="{pattern}, until {day}",
        on_other_dates="on other dates too",
        otherwise="by a rule that your calendar program shows",
    ),
    rows=Rows(
        row="{title}: {value}",
        changed="Changed",
        what="What",
        when="When",
        repeats="Repeats",
        exceptions="Exceptions",
        note="Note",
        where="Where",
        link="Link",
        organizer="Organizer",
        answer="Answer",
        invited="Invited",
        assigned="Assigned to",
        comment="Comment",
        description="Description",
        no_title="(no title)",
        quoted="“{text}”",
        answers={
            "ACCEPTED": "accepted",
            "DECLINED": "declined",
            "TENTATIVE": "accepted tentatively",
            "DELEGATED": "delegated",
            "COMPLETED": "completed",
            "IN-PROCESS": "begun",
            "": "not answered",
        },
        others=Plural("and {n} other", "and {n} others"),
        now_and_before="{title}: now {now}, before {before}",
        nothing="nothing",
        new="New: {what}",
        no_longer="No longer: {what}",
        more=Plural("and {n} more", "and {n} more"),
        not_on="Not on {day}",
        except_on="Except {day}: {what}",
        not_from="From {day} on it no longer takes place",
        from_on="From {day} on: {what}",
    ),
    mails=Mails(
        subject="{what}: {summary}",
        invitation="Invitation",
        updated="Updated",
        cancelled="Cancelled",
        again="Takes place after all",
        countered="New time proposed",
        declined_counter="Proposal declined",
        refresh="Sent again, please",
        answered={
            "ACCEPTED": "Accepted",
            "DECLINED": "Declined",
            "TENTATIVE": "Tentative",
            "": "Answer",
        },
        leads={
            "REQUEST": "{sender} invites you.",
            "UPDATE": "{sender} has changed this.",
            "AGAIN": "{sender} invites you again: it takes place after all.",
            "CANCEL": "{sender} has cancelled this. It does not take place for you.",
            "COUNTER": "{sender} proposes another time or place.",
            "DECLINECOUNTER": "{sender} keeps to what was planned.",
            "REFRESH": "{sender} asks you to send the present version.",
        },
        lead_replies={
            "ACCEPTED": "{sender} has accepted.",
            "DECLINED": "{sender} has declined.",
            "TENTATIVE": "{sender} has accepted tentatively.",
            "DELEGATED": "{sender} has delegated.",
            "COMPLETED": "{sender} has completed.",
            "IN-PROCESS": "{sender} has begun.",
            "NEEDS-ACTION": "{sender} has not answered.",
            "": "{sender} has answered.",
        },
        foot="A calendar server sent this for {sender}; the attachment invite.ics is for programs.",
        foot_invitation=(
            "Accept or decline with your mail or calendar program; where it shows no buttons, "
            "open the attachment invite.ics. A calendar server sent this for {sender}."
        ),
        answer_by="Answer on a page, without an account:",
        one_of_series="This is about one date of a series.",
        some_of_series=Plural(
            "This is about {n} date of a series; it is shown here.",
            "This is about {n} dates of a series; the first of them is shown here.",
        ),
        rest_of_series="This is about the dates of a series from {day} on.",
        of_date="{subject} ({day})",
        from_date="{subject} (from {day} on)",
        of_dates=Plural("{subject} ({n} date)", "{subject} ({n} dates)"),
        task_subjects={
            "REQUEST": "Task assigned",
            "UPDATE": "Task updated",
            "CANCEL": "Task cancelled",
            "AGAIN": "Task assigned again",
        },
        task_leads={
            "REQUEST": "{sender} assigns you a task.",
            "UPDATE": "{sender} has changed this task.",
            "CANCEL": "{sender} has cancelled this task. You need not do it any more.",
            "AGAIN": "{sender} assigns you this task again.",
        },
        subject_counter="{sender} proposes another time: {summary}",
        subject_comment="{sender} comments: {summary}",
        foot_counter=(
            "A calendar server sent this. "
            "The meeting stays as it is until you change it in your calendar."
        ),
        foot_comment="A calendar server sent this. The answer is in your calendar.",
    ),
    pages=Pages(
        choices={"ACCEPTED": "Accept", "TENTATIVE": "Maybe", "DECLINED": "Decline"},
        chosen={
            "ACCEPTED": "You have accepted.",
            "TENTATIVE": "You have accepted tentatively.",
            "DECLINED": "You have declined.",
        },
        can_change="You can change your answer below.",
        error="Error: {subject}",
        answers_as="You answer as {who}.",
        your_answer="Your answer",
        your_comment="Comment for the organizer (optional)",
        send="Send answer",
        propose="Propose another time (optional)",
        days_hint="Days, the last one included.",
        zone_hint="Times are in: {zone}.",
        organizer_decides="The organizer decides.",
        from_="From",
        to="To",
        thanks="Thank you.",
        on_its_way="Your answer is on its way.",
        proposed="The organizer was told of the time that you propose.",
        newer="This was changed since your mail was sent. Below is what is planned now.",
        overtaken=(
            "This was changed while you answered: your answer was not sent. Look at it again."
        ),
        choose="Choose an answer: {accept}, {maybe} or {decline}.",
        wrong_length=Plural(
            "The other time has to end after it begins, at most {n} day later.",
            "The other time has to end after it begins, at most {n} days later.",
        ),
        wrong_time="Say from when to when the other time is, like {example}.",
        unknown_title="This link leads nowhere",
        unknown=(
            "Look whether all of it was copied from the mail. You can answer with your mail "
            "program as well, or write to whoever invited you."
        ),
        expired_title="This link is too old",
        expired="Answer with your mail program, or write to whoever invited you.",
        over_title="There is nothing to answer any more",
        over="This was cancelled, or you are no longer invited to it.",
        wait_title="Please wait a little",
        too_many_links=(
            "There were too many links that lead nowhere. "
            "Try again in {wait}, or answer with your mail program."
        ),
        too_many_answers=(
            "There were too many answers by this link. "
            "Try again in {wait}, or answer with your mail program."
        ),
        too_many_opens=(
            "This link was opened too often. Try again in {wait}, or answer with your mail program."
        ),
        seconds=Plural("{n} second", "{n} seconds"),
        minutes=Plural("{n} minute", "{n} minutes"),
    ),
    rooms=Rooms(
        bookers="You are not among those who can book it.",
        over="It is over.",
        ahead=Plural(
            "It can be booked {n} day ahead at most.", "It can be booked {n} days ahead at most."
        ),
        longest="It can be booked for {length} at most.",
        instances=Plural(
            "At most {n} instance of a series can be booked.",
            "At most {n} instances of a series can be booked.",
        ),
        not_free="Not free: {when}.",
        not_open="Not open: {when}.",
        open="It is open: {hours}.",
        at="{day}, {time}",
        days=Plural("{n} day", "{n} days"),
        hours=Plural("{n} hour", "{n} hours"),
    ),
)
