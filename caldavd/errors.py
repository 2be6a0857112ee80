"""The catalogue of conditions, and the two exceptions that cross layers.

    Exception
     ├─ Refused            a named condition of an RFC was not met; carries a Condition
     └─ Failed             an HTTP status without a condition (404, 405, 412, 501, ...)
         ├─ Unauthorized   401
         └─ TooManyAttempts   429 with Retry-After

Both say in plain words what happened and what to do next. Anything else that reaches
`dispatch` is a bug and becomes a 500.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from caldavd.names import CALDAV, DAV


@dataclass(frozen=True, slots=True)
class Condition:
    """A precondition or postcondition: its element, the status it answers with, its source."""

    element: str
    status: int
    source: str


class Refused(Exception):
    """A condition was not met. `href` is shown inside the element where the RFC defines one."""

    def __init__(self, condition: Condition, reason: str, *, href: str | None = None) -> None:
        super().__init__(reason)
        self.condition = condition
        self.reason = reason
        self.href = href


class NeedPrivileges(Refused):
    """The actor lacks a privilege (RFC 3744 §7.1.1): which one, on which resource."""

    def __init__(self, privilege: str, href: str, reason: str) -> None:
        super().__init__(NEED_PRIVILEGES, reason, href=href)
        self.privilege = privilege


class Failed(Exception):
    """A status without a condition; `headers` go out with it (Allow, Retry-After, ...)."""

    def __init__(
        self, status: int, reason: str, *, headers: tuple[tuple[str, str], ...] = ()
    ) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.headers = headers


class Unauthorized(Failed):
    """No credentials, or wrong ones: the answer is a challenge."""

    def __init__(self, reason: str) -> None:
        super().__init__(401, reason)


class TooManyAttempts(Failed):
    """Failed logins have to wait."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(
            429,
            f"too many failed logins: try again in {retry_after_s} s",
            headers=(("Retry-After", str(retry_after_s)),),
        )
        self.retry_after_s = retry_after_s


def not_found(what: str) -> Failed:
    """The refusal for something that does not exist, or that the actor may not know of."""
    return Failed(404, f"{what} does not exist")


# RFC 4918
CANNOT_MODIFY_PROTECTED: Final = Condition(
    DAV + "cannot-modify-protected-property", 403, "RFC 4918 §16"
)
PROPFIND_FINITE_DEPTH: Final = Condition(DAV + "propfind-finite-depth", 403, "RFC 4918 §16")
NO_EXTERNAL_ENTITIES: Final = Condition(DAV + "no-external-entities", 403, "RFC 4918 §16")
LOCK_TOKEN_SUBMITTED: Final = Condition(DAV + "lock-token-submitted", 423, "RFC 4918 §16")
NO_CONFLICTING_LOCK: Final = Condition(DAV + "no-conflicting-lock", 423, "RFC 4918 §16")
LOCK_TOKEN_OF_UNLOCK: Final = Condition(
    DAV + "lock-token-matches-request-uri", 409, "RFC 4918 §9.11.1"
)
LOCK_TOKEN_OF_REFRESH: Final = Condition(
    DAV + "lock-token-matches-request-uri", 412, "RFC 4918 §9.10.6"
)

# RFC 4331
QUOTA_NOT_EXCEEDED: Final = Condition(DAV + "quota-not-exceeded", 507, "RFC 4331 §6")
SUFFICIENT_DISK_SPACE: Final = Condition(DAV + "sufficient-disk-space", 507, "RFC 4331 §6")

# RFC 3253
SUPPORTED_REPORT: Final = Condition(DAV + "supported-report", 403, "RFC 3253 §3.6")
RESOURCE_MUST_BE_NULL: Final = Condition(DAV + "resource-must-be-null", 403, "RFC 4791 §5.3.1.1")

# RFC 3744
NEED_PRIVILEGES: Final = Condition(DAV + "need-privileges", 403, "RFC 3744 §7.1.1")
NO_PROTECTED_ACE_CONFLICT: Final = Condition(
    DAV + "no-protected-ace-conflict", 403, "RFC 3744 §8.1.1"
)
NO_INHERITED_ACE_CONFLICT: Final = Condition(
    DAV + "no-inherited-ace-conflict", 403, "RFC 3744 §8.1.1"
)
LIMITED_NUMBER_OF_ACES: Final = Condition(DAV + "limited-number-of-aces", 403, "RFC 3744 §8.1.1")
GRANT_ONLY: Final = Condition(DAV + "grant-only", 403, "RFC 3744 §8.1.1")
NO_INVERT: Final = Condition(DAV + "no-invert", 403, "RFC 3744 §8.1.1")
NOT_SUPPORTED_PRIVILEGE: Final = Condition(DAV + "not-supported-privilege", 403, "RFC 3744 §8.1.1")
RECOGNIZED_PRINCIPAL: Final = Condition(DAV + "recognized-principal", 403, "RFC 3744 §8.1.1")
ALLOWED_PRINCIPAL: Final = Condition(DAV + "allowed-principal", 403, "RFC 3744 §8.1.1")
NUMBER_OF_MATCHES: Final = Condition(DAV + "number-of-matches-within-limits", 507, "RFC 3744 §9.4")

# RFC 5689
VALID_RESOURCETYPE: Final = Condition(DAV + "valid-resourcetype", 403, "RFC 5689 §3.3")

# RFC 6578
VALID_SYNC_TOKEN: Final = Condition(DAV + "valid-sync-token", 403, "RFC 6578 §3.2")
SYNC_TRAVERSAL_SUPPORTED: Final = Condition(DAV + "sync-traversal-supported", 403, "RFC 6578 §3.2")

# RFC 4791
SUPPORTED_CALENDAR_DATA: Final = Condition(
    CALDAV + "supported-calendar-data", 403, "RFC 4791 §5.3.2.1"
)
VALID_CALENDAR_DATA: Final = Condition(CALDAV + "valid-calendar-data", 403, "RFC 4791 §5.3.2.1")
VALID_CALENDAR_OBJECT: Final = Condition(
    CALDAV + "valid-calendar-object-resource", 403, "RFC 4791 §5.3.2.1"
)
SUPPORTED_COMPONENT: Final = Condition(
    CALDAV + "supported-calendar-component", 403, "RFC 4791 §5.3.2.1"
)
NO_UID_CONFLICT: Final = Condition(CALDAV + "no-uid-conflict", 409, "RFC 4791 §5.3.2.1")
CALENDAR_COLLECTION_LOCATION: Final = Condition(
    CALDAV + "calendar-collection-location-ok", 403, "RFC 4791 §5.3.1.1"
)
MAX_RESOURCE_SIZE: Final = Condition(CALDAV + "max-resource-size", 403, "RFC 4791 §5.3.2.1")
MIN_DATE_TIME: Final = Condition(CALDAV + "min-date-time", 403, "RFC 4791 §5.3.2.1")
MAX_DATE_TIME: Final = Condition(CALDAV + "max-date-time", 403, "RFC 4791 §5.3.2.1")
MAX_INSTANCES: Final = Condition(CALDAV + "max-instances", 403, "RFC 4791 §5.3.2.1")
MAX_ATTENDEES: Final = Condition(CALDAV + "max-attendees-per-instance", 403, "RFC 4791 §5.3.2.1")
VALID_FILTER: Final = Condition(CALDAV + "valid-filter", 403, "RFC 4791 §7.8")
SUPPORTED_FILTER: Final = Condition(CALDAV + "supported-filter", 403, "RFC 4791 §7.8")
SUPPORTED_COLLATION: Final = Condition(CALDAV + "supported-collation", 403, "RFC 4791 §7.5.1")

# RFC 6638
DEFAULT_CALENDAR_NEEDED: Final = Condition(
    CALDAV + "default-calendar-needed", 403, "RFC 6638 §4.3.1.1"
)
VALID_SCHEDULE_DEFAULT_CALENDAR_URL: Final = Condition(
    CALDAV + "valid-schedule-default-calendar-URL", 403, "RFC 6638 §4.3.1.2"
)

# RFC 7529
SUPPORTED_RSCALE: Final = Condition(CALDAV + "supported-rscale", 403, "RFC 7529 §10")

# RFC 7809
VALID_TIMEZONE: Final = Condition(CALDAV + "valid-timezone", 403, "RFC 7809 §3.1.5")

# RFC 6638
UNIQUE_SCHEDULING_OBJECT_RESOURCE: Final = Condition(
    CALDAV + "unique-scheduling-object-resource", 403, "RFC 6638 §3.2.4.1"
)
SAME_ORGANIZER_IN_ALL_COMPONENTS: Final = Condition(
    CALDAV + "same-organizer-in-all-components", 403, "RFC 6638 §3.2.4.2"
)
ALLOWED_ORGANIZER_SCHEDULING_OBJECT_CHANGE: Final = Condition(
    CALDAV + "allowed-organizer-scheduling-object-change", 403, "RFC 6638 §3.2.4.3"
)
ALLOWED_ATTENDEE_SCHEDULING_OBJECT_CHANGE: Final = Condition(
    CALDAV + "allowed-attendee-scheduling-object-change", 403, "RFC 6638 §3.2.4.4"
)
VALID_SCHEDULING_MESSAGE: Final = Condition(
    CALDAV + "valid-scheduling-message", 400, "RFC 6638 §5.2.1"
)
VALID_ORGANIZER: Final = Condition(CALDAV + "valid-organizer", 403, "RFC 6638 §5.2.2")
