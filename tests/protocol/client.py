"""A client without sockets: requests go straight into `dispatch.handle`."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field

from lxml import etree
from multidict import CIMultiDict

from caldavd.dav.dispatch import handle
from caldavd.dav.message import Request, Response
from caldavd.dav.server import Server
from caldavd.errors import Unauthorized
from caldavd.model import Actor
from caldavd.store import principals
from caldavd.store.engine import Database, ReadTx

NS = {
    "D": "DAV:",
    "C": "urn:ietf:params:xml:ns:caldav",
    "CS": "http://calendarserver.org/ns/",
    "I": "http://apple.com/ns/ical/",
}


@dataclass
class NamesAsPasswords:
    """Authentication of the tests: Basic with the account's name as its password, unhashed."""

    db: Database
    verified: dict[str, Actor] = field(default_factory=dict)

    def cached(self, authorization: str | None) -> Actor | None:
        return self.verified.get(authorization or "")

    async def authenticate(self, authorization: str | None, peer: str) -> Actor:
        if authorization is None or not authorization.startswith("Basic "):
            raise Unauthorized("no credentials")
        name, _, password = base64.b64decode(authorization[6:]).decode().partition(":")

        async def login(tx: ReadTx) -> principals.Login | None:
            return await principals.login(tx, name)

        found = await self.db.read(login)
        if found is None or password != name:
            raise Unauthorized("wrong credentials")
        self.verified[authorization] = found.actor
        return found.actor

    def forget(self, authorization: str) -> None:
        self.verified.pop(authorization, None)


@dataclass(frozen=True)
class Answer:
    """A response, with what tests look at."""

    response: Response

    @property
    def status(self) -> int:
        return self.response.status

    @property
    def body(self) -> bytes:
        return b"".join((self.response.body, *self.response.more))

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def headers(self) -> CIMultiDict[str]:
        return CIMultiDict(self.response.headers)

    @property
    def etag(self) -> str:
        return self.headers["ETag"]

    @property
    def xml(self) -> etree._Element:
        return etree.fromstring(self.body)

    @property
    def condition(self) -> str:
        """The Clark name of the only element in DAV:error."""
        root = self.xml
        assert root.tag == "{DAV:}error"
        (element,) = root
        return str(element.tag)

    @property
    def hrefs(self) -> list[str]:
        """The href of each response, in order."""
        return [str(text) for text in self.xml.xpath("/*/D:response/D:href/text()", namespaces=NS)]

    def statuses(self) -> dict[str, int]:
        """Responses that are a status alone, by href."""
        found = {}
        for response in self.xml.findall("D:response", NS):
            status = response.find("D:status", NS)
            if status is not None:
                found[response.findtext("D:href", "", NS)] = int(str(status.text).split()[1])
        return found

    def props(self, href: str | None = None) -> dict[str, tuple[int, etree._Element]]:
        """Status and element of each property by Clark name, of one response."""
        found = {}
        for response in self.xml.findall("D:response", NS):
            if href is not None and response.findtext("D:href", "", NS) != href:
                continue
            for propstat in response.findall("D:propstat", NS):
                status = int(propstat.findtext("D:status", "", NS).split()[1])
                for element in propstat.find("D:prop", NS):
                    found[str(element.tag)] = (status, element)
            break
        return found

    @property
    def token(self) -> str:
        return self.xml.findtext("D:sync-token", "", NS)


@dataclass
class Client:
    """One user's client."""

    server: Server
    name: str | None

    async def __call__(
        self,
        method: str,
        path: str,
        body: str | bytes = b"",
        **headers: str,
    ) -> Answer:
        """Sends a request; `If_Match` stands for the header If-Match."""
        sent = CIMultiDict({name.replace("_", "-"): value for name, value in headers.items()})
        if self.name is not None:
            pair = f"{self.name}:{self.name}".encode()
            sent.setdefault("Authorization", "Basic " + base64.b64encode(pair).decode())
        data = body.encode() if isinstance(body, str) else body
        request = Request(method, path, sent, data, "127.0.0.1", "http", "cal.example.org", "test")
        return Answer(await handle(self.server, request))

    @property
    def home(self) -> str:
        return f"/dav/calendars/{self.name}/"

    async def put(self, path: str, text: str, **headers: str) -> Answer:
        headers.setdefault("Content_Type", "text/calendar; charset=utf-8")
        return await self("PUT", path, text, **headers)

    async def propfind(self, path: str, *names: str, depth: str = "0", **headers: str) -> Answer:
        """Asks for properties, each written like `D:getetag`; none means allprop."""
        body = propfind(*names) if names else ""
        return await self("PROPFIND", path, body, Depth=depth, **headers)

    async def sync(self, path: str, token: str = "", *, limit: int | None = None) -> Answer:
        """A sync-collection for entity tags."""
        limited = f"<D:limit><D:nresults>{limit}</D:nresults></D:limit>" if limit else ""
        body = (
            f'<D:sync-collection xmlns:D="DAV:"><D:sync-token>{token}</D:sync-token>'
            f"<D:sync-level>1</D:sync-level>{limited}<D:prop><D:getetag/></D:prop>"
            "</D:sync-collection>"
        )
        return await self("REPORT", path, body)


def declared() -> str:
    """The namespaces of NS as declarations."""
    return " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NS.items())


def propfind(*names: str) -> str:
    """A propfind body for properties written like `D:getetag`."""
    inner = "".join(f"<{name}/>" for name in names)
    return f"<D:propfind {declared()}><D:prop>{inner}</D:prop></D:propfind>"


def proppatch(*, set_: str = "", remove: str = "") -> str:
    """A propertyupdate body; `set_` and `remove` are elements with the prefixes of NS."""
    parts = f"<D:set><D:prop>{set_}</D:prop></D:set>" if set_ else ""
    parts += f"<D:remove><D:prop>{remove}</D:prop></D:remove>" if remove else ""
    return f"<D:propertyupdate {declared()}>{parts}</D:propertyupdate>"


def query(filter_: str, props: str = "<D:getetag/>", more: str = "") -> str:
    """A calendar-query body around the filters inside VCALENDAR."""
    return (
        f"<C:calendar-query {declared()}><D:prop>{props}</D:prop><C:filter>"
        f'<C:comp-filter name="VCALENDAR">{filter_}</C:comp-filter></C:filter>{more}'
        "</C:calendar-query>"
    )


def multiget(*hrefs: str, props: str = "<D:getetag/><C:calendar-data/>") -> str:
    """A calendar-multiget body."""
    named = "".join(f"<D:href>{href}</D:href>" for href in hrefs)
    return (
        f"<C:calendar-multiget {declared()}><D:prop>{props}</D:prop>{named}</C:calendar-multiget>"
    )
