"""From a host name to a calendar home, as clients find it (RFC 6764 §6, RFC 4791 §6.2.1)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from caldavd.doctor.client import Answer, Client, Entry, Unreachable, hrefs, multistatus
from caldavd.doctor.report import Cure, Report
from caldavd.errors import Failed
from caldavd.names import CALDAV, DAV

WELL_KNOWN: Final = "/.well-known/caldav"
REDIRECTS: Final = (301, 302, 303, 307, 308)
SOON_DAYS: Final = 14
_ASK: Final = (
    '<propfind xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><prop>'
    "<current-user-principal/><resourcetype/><C:calendar-home-set/>"
    "<C:calendar-user-address-set/></prop></propfind>"
)


async def reach(client: Client, report: Report) -> None:
    """Whether anything answers there, and by which certificate."""
    parts = urlsplit(client.base)
    try:
        answer = await client.send("GET", client.prefix + "/", login=False)
        certificate = await client.certificate() if parts.scheme == "https" else {}
    except Unreachable as error:
        report.stop("connect", str(error), Cure.CERTIFICATE if error.certificate else Cure.SERVER)
    if answer.status in (502, 503, 504):
        report.stop("connect", f"the proxy reaches no server: {answer}", Cure.SERVER)
    if parts.scheme == "https":
        _check_certificate(certificate, report)
    elif _is_loopback(parts.hostname or ""):
        report.good("connect", f"{client.base} answers, on this machine only")
    else:
        report.doubtful(
            "connect",
            f"{client.base} answers without TLS: anybody on the way can read passwords, and Apple's"
            " clients refuse to log in",
            Cure.CERTIFICATE,
        )


async def find_context(client: Client, report: Report) -> str:
    """The path that the well-known URL leads to (RFC 6764 §5)."""
    fallback = client.prefix + "/dav/"
    answer = await client.send("PROPFIND", WELL_KNOWN, _ASK, login=False, Depth="0")
    if answer.status not in REDIRECTS:
        text = f"{WELL_KNOWN} answers {answer}, where a redirect to {fallback} is right"
        cure = Cure.METHODS if answer.status in (405, 501) else Cure.WELL_KNOWN
        report.bad("well-known", f"{text}; clients that know only the host name fail", cure)
        return fallback
    location = answer.headers.get("Location", "")
    target = urlsplit(urljoin(client.origin + WELL_KNOWN, location))
    if f"{target.scheme}://{target.netloc}" != client.origin:
        report.bad(
            "well-known",
            f"{WELL_KNOWN} redirects to {location}, which is not at {client.origin}",
            Cure.FORWARDED,
        )
        return fallback
    if not target.path.startswith(client.prefix + "/"):
        report.bad(
            "well-known",
            f"{WELL_KNOWN} redirects to {location}, which is not below {client.prefix}",
            Cure.PATHS,
        )
        return fallback
    report.good("well-known", f"{WELL_KNOWN} redirects to {target.path}")
    return target.path


async def check_challenge(client: Client, context: str, report: Report) -> None:
    """Whether a request without a login is asked for one (RFC 7235 §4.1)."""
    answer = await client.send("PROPFIND", context, _ASK, login=False, Depth="0")
    if answer.status in (403, 404, 405, 501):
        report.stop("challenge", f"PROPFIND {context} answers {answer}", Cure.METHODS)
    if answer.status != 401:
        report.stop(
            "challenge",
            f"PROPFIND {context} without a login answers {answer}, where 401 is right",
            Cure.AUTHORIZATION,
        )
    challenge = answer.headers.get("WWW-Authenticate", "")
    if not challenge.lower().startswith("basic"):
        report.bad(
            "challenge",
            f"the challenge is {challenge or 'missing'}, where Basic is right",
            Cure.AUTHORIZATION,
        )
    else:
        report.good("challenge", "a request without a login is asked for one")


async def find_principal(client: Client, context: str, report: Report) -> str:
    """The principal of the login (RFC 5397)."""
    answer = await client.send("PROPFIND", context, _ASK, Depth="0")
    if answer.status == 401:
        report.stop(
            "login",
            f"the login of {client.login.user} is refused: its password is wrong, the server uses "
            "another database, or the proxy keeps the Authorization header",
            Cure.AUTHORIZATION,
        )
    entry = _only(answer, "login", report)
    return _href(entry, DAV + "current-user-principal", "login", client, report)


async def find_home(client: Client, principal: str, report: Report) -> str:
    """The calendar home of the principal (RFC 4791 §6.2.1)."""
    answer = await client.send("PROPFIND", principal, _ASK, Depth="0")
    entry = _only(answer, "home", report)
    if not any(one.startswith("mailto:") for one in hrefs(entry, _ADDRESSES)):
        report.doubtful("home", "the account has no mail address: invitations cannot be sent")
    return _href(entry, CALDAV + "calendar-home-set", "home", client, report)


async def check_options(client: Client, home: str, report: Report) -> None:
    """What the server says that it can do (RFC 4918 §10.1, RFC 4791 §5.1)."""
    answer = await client.send("OPTIONS", home)
    if not 200 <= answer.status < 300:
        report.bad("options", f"OPTIONS answers {answer}", Cure.METHODS)
        return
    dav = [part.strip() for part in answer.headers.get("DAV", "").split(",")]
    if dav[0] != "1" or "calendar-access" not in dav:
        report.bad(
            "options",
            f"the DAV header is {', '.join(dav) or 'missing'}, where 1, ..., calendar-access is "
            "right: Apple's clients refuse the account",
            Cure.HEADERS,
        )
        return
    allowed = {part.strip().upper() for part in answer.headers.get("Allow", "").split(",")}
    # What a calendar home itself can do is less than this; the others are tried one by one.
    missing = [name for name in ("OPTIONS", "PROPFIND", "REPORT") if name not in allowed]
    if missing:
        report.bad("options", f"Allow does not name {', '.join(missing)}", Cure.HEADERS)
    else:
        report.good("options", "the server says that it has calendars")


_ADDRESSES: Final = CALDAV + "calendar-user-address-set"


def _only(answer: Answer, check: str, report: Report) -> Entry:
    """The one response of a PROPFIND of Depth 0."""
    if b"propfind-finite-depth" in answer.body:
        report.stop(check, "the Depth header of a PROPFIND is lost on the way", Cure.HEADERS)
    try:
        entries = multistatus(answer)
    except Failed as error:
        cure = Cure.METHODS if answer.status in (403, 405, 501) else None
        report.stop(check, f"PROPFIND: {error.reason}", cure)
    if len(entries) != 1:
        report.stop(check, f"a PROPFIND of Depth 0 has {len(entries)} answers", Cure.HEADERS)
    return entries[0]


def _href(entry: Entry, name: str, check: str, client: Client, report: Report) -> str:
    """The one href in a property: an absolute path below the prefix."""
    found = hrefs(entry, name)
    local = name.rpartition("}")[2]
    if len(found) != 1:
        report.stop(check, f"{local} has {len(found)} hrefs, where one is right", Cure.PATHS)
    parts = urlsplit(found[0])
    if parts.netloc and f"{parts.scheme}://{parts.netloc}" != client.origin:
        report.bad(check, f"{local} is {found[0]}, not at {client.origin}", Cure.FORWARDED)
    elif not parts.path.startswith(client.prefix + "/"):
        report.bad(check, f"{local} is {found[0]}, not below {client.prefix}", Cure.PATHS)
    else:
        report.good(check, f"{local} is {parts.path}")
    return parts.path


def _check_certificate(certificate: Mapping[str, Any], report: Report) -> None:
    until = certificate.get("notAfter")
    if not isinstance(until, str):  # as --insecure wants it
        report.doubtful("connect", "the certificate was not checked, and clients do check it")
        return
    ends = datetime.strptime(until, "%b %d %H:%M:%S %Y %Z").replace(tzinfo=UTC)
    days = (ends - datetime.now(UTC)).days
    if days < SOON_DAYS:
        report.doubtful("connect", f"the certificate ends in {days} days", Cure.CERTIFICATE)
    else:
        report.good("connect", f"the certificate is good for {days} days")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
