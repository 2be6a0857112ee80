"""A masked object is busy when the object is, and is one that can be stored."""

from __future__ import annotations

from datetime import UTC

from hypothesis import given

from caldavd.ical.masked import masked
from caldavd.ical.parse import Document, parse
from caldavd.ical.recurrence import instances
from caldavd.model import Window
from tests.property import objects
