"""When alarms go off (RFC 5545 §3.6.6 and §3.8.6.3, RFC 4791 §9.9)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from caldavd.ical.contentline import Component, parameter
from caldavd.ical.extent import temporal
from caldavd.ical.recurrence import Instance
from caldavd.ical.values import Duration, Temporal, epoch, parse_duration, parse_nominal, wall
from caldavd.model import Window

_SLACK_S: Final = 2 * 86_400
"""More than a nominal day, or the place of a floating time, can move a trigger."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """The trigger of a VALARM and its repetitions."""

    trigger: Temporal | Duration
    """Absolute, or relative to the instance."""
    from_end: bool
    """RELATED=END."""
    repeat: int
    """Times it goes off again, `every_s` seconds apart."""
    every_s: int

    @property
    def absolute(self) -> bool:
        """Whether it goes off once, however often its event recurs (RFC 5545 §3.8.6.3)."""
        return not isinstance(self.trigger, Duration)


def read(component: Component, zones: Mapping[str, Component]) -> Alarm | None:
    """The alarm of a VALARM; None if its TRIGGER is missing or is none, so that it never rings."""
    line = component.first("TRIGGER")
    if line is None:
        return None
    try:
        relative = "P" in line.value.upper()
        trigger = parse_nominal(line.value) if relative else temporal(line, zones)
        repeat, every_s = _repetition(component)
    except ValueError:
        return None
    return Alarm(trigger, (parameter(line, "RELATED") or "").upper() == "END", repeat, every_s)


def first(alarm: Alarm, instance: Instance | None, floating: tzinfo) -> int | None:
    """When it goes off first, in epoch seconds; a relative one needs an instance with dates.

    An instance without an end ends where it starts, and a to-do that is only due starts then:
    RFC 5545 forbids such alarms, but RFC 4791 §7.8.5 finds one.
    """
    if not isinstance(alarm.trigger, Duration):
        return epoch(alarm.trigger, floating)
    if instance is None:
        return None
    anchor = instance.end or instance.start if alarm.from_end else instance.start or instance.end
    if anchor is None:
        return None
    moment = anchor if isinstance(anchor, datetime) else wall(anchor)
    try:
        # Days are nominal and come first, then the exact rest (RFC 5545 §3.3.6).
        return epoch(moment + timedelta(days=alarm.trigger.days), floating) + alarm.trigger.seconds
    except OverflowError:
        return None


def goes_off(alarm: Alarm, instance: Instance | None, window: Window, floating: tzinfo) -> bool:
    """Whether it goes off in the window for this instance, the first time or again."""
    time = first(alarm, instance, floating)
    if time is None:
        return False
    if window.start is not None:
        missed = epoch(window.start, UTC) - time
        if missed > 0:
            if not alarm.every_s:
                return False
            again = -(-missed // alarm.every_s)
            if again > alarm.repeat:
                return False
            time += again * alarm.every_s
    return window.end is None or time < epoch(window.end, UTC)


def reach(alarm: Alarm, window: Window) -> Window:
    """A window that every instance overlaps for which the alarm goes off in `window`."""
    ahead = alarm.trigger.delta if isinstance(alarm.trigger, Duration) else timedelta()
    last = ahead + timedelta(seconds=alarm.repeat * alarm.every_s)
    slack = timedelta(seconds=_SLACK_S)
    return Window(later(window.start, -last - slack), later(window.end, slack - ahead))


def _repetition(component: Component) -> tuple[int, int]:
    """REPEAT and DURATION, which count only together (RFC 5545 §3.8.6.2)."""
    repeat, duration = component.first("REPEAT"), component.first("DURATION")
    if repeat is None or duration is None:
        return 0, 0
    every_s = int(parse_duration(duration.value).total_seconds())
    return (int(repeat.value), every_s) if every_s > 0 else (0, 0)


def later(moment: datetime | None, by: timedelta) -> datetime | None:
    """The moment later or earlier; None, which is open, past the ends of the calendar."""
    try:
        return None if moment is None else moment + by
    except OverflowError:
        return None
