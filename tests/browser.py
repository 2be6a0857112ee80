"""Answers an invitation in a real browser: python -m tests.browser [--picture FILE].

It needs Debian's chromium (apt-get install chromium), or another one that CHROMIUM names, and is
no part of the suite, which runs where there is none. The browser is told to run no scripts, has the
screen of a phone, and is used by its keyboard alone; what it tells screen readers is looked at.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import itertools
import os
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

from tests.client.served import USER, Served, environment, serving
from tests.store.smtp_server import MailServer, mail_server
from tests.unit.builders import event

WAIT_S: Final = 30
PHONE: Final = {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": True}
EVE: Final = "eve@example.net"
PLACE: Final = f"/dav/calendars/{USER}/calendar/lunch.ics"
KEYS: Final = {"Tab": (9, ""), " ": (32, " "), "Enter": (13, "\r"), "ArrowDown": (40, "")}
FLAGS: Final = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
    *("--no-first-run", "--disable-background-networking", "--hide-scrollbars"),
    *("--remote-debugging-port=0", "about:blank"),
)


@dataclass(slots=True)
class Browser:
    """A page of a running browser."""

    socket: ClientWebSocketResponse
    complaints: list[str] = field(default_factory=list)
    """What the browser found wrong: what its policy kept out, for one."""
    loads: int = 0
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    async def do(self, method: str, **parameters: Any) -> dict[str, Any]:
        """What a command of the browser gives."""
        number = next(self.numbers)
        await self.socket.send_json({"id": number, "method": method, "params": parameters})
        while (told := await self._next()).get("id") != number:
            pass
        assert "error" not in told, told
        found: dict[str, Any] = told["result"]
        return found

    async def loaded(self, before: int) -> None:
        """Waits until another page is there."""
        while self.loads == before:
            await self._next()

    async def open(self, url: str) -> None:
        """Goes to a page."""
        before = self.loads
        await self.do("Page.navigate", url=url)
        await self.loaded(before)

    async def press(self, key: str) -> None:
        """Presses a key."""
        code, text = KEYS[key]
        about = {"key": key, "windowsVirtualKeyCode": code}
        await self.do("Input.dispatchKeyEvent", type="keyDown", text=text, **about)
        await self.do("Input.dispatchKeyEvent", type="keyUp", **about)

    async def tab_to(self, name: str) -> None:
        """Presses Tab until the control of that id, name or text has the focus."""
        for _ in range(20):
            await self.press("Tab")
            if name in (await self.see("[e.id, e.name, e.textContent.trim(), e.tagName]")):
                return
        raise AssertionError(f"the keyboard does not get to {name}")

    async def see(self, expression: str) -> Any:
        """The value of an expression about the control `e` that has the focus."""
        script = f"(e => ({expression}))(document.activeElement)"
        found = await self.do("Runtime.evaluate", expression=script, returnByValue=True)
        return found["result"].get("value")

    async def heard(self) -> list[str]:
        """What a screen reader is told: roles and names."""
        nodes = (await self.do("Accessibility.getFullAXTree"))["nodes"]
        return [
            f"{node['role']['value']}: {node.get('name', {}).get('value', '')}"
            for node in nodes
            if not node["ignored"] and "role" in node
        ]

    async def picture(self) -> bytes:
        """The whole page."""
        found = await self.do("Page.captureScreenshot", captureBeyondViewport=True)
        return base64.b64decode(found["data"])

    async def _next(self) -> dict[str, Any]:
        told = await self.socket.receive(WAIT_S)
        assert told.type is WSMsgType.TEXT, told
        found: dict[str, Any] = told.json()
        match found.get("method"):
            case "Page.loadEventFired":
                self.loads += 1
            case "Log.entryAdded":
                entry = found["params"]["entry"]
                if "favicon.ico" not in entry.get("url", "") + entry["text"]:
                    self.complaints.append(entry["text"])
        return found


@asynccontextmanager
async def browsing(home: Path) -> AsyncIterator[Browser]:
    """A browser without scripts, on a phone."""
    program = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if program is None:
        raise SystemExit("there is no chromium: apt-get install chromium, or set CHROMIUM")
    with (home / "browser.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: ASYNC220
            [program, f"--user-data-dir={home}", *FLAGS], stdout=log, stderr=log
        )
    try:
        told = home / "DevToolsActivePort"
        async with asyncio.timeout(WAIT_S), ClientSession() as session:
            while not told.exists() or "\n" not in told.read_text():
                assert process.poll() is None, (home / "browser.log").read_text()
                await asyncio.sleep(0.05)
            port = told.read_text().split()[0]
            async with session.get(f"http://127.0.0.1:{port}/json/list") as listed:
                pages = [one for one in await listed.json() if one["type"] == "page"]
            async with session.ws_connect(pages[0]["webSocketDebuggerUrl"]) as opened:
                browser = Browser(opened)
                for domain in ("Page", "Log", "Accessibility", "Runtime"):
                    await browser.do(f"{domain}.enable")
                await browser.do("Emulation.setScriptExecutionDisabled", value=True)
                await browser.do("Emulation.setDeviceMetricsOverride", **PHONE)
                yield browser
    finally:
        process.terminate()
        process.wait()


async def invite(served: Served, smtp: MailServer) -> str:
    """Has the account invite eve: the link with which the mail says Accept."""
    people = [
        f"ORGANIZER;CN=Ada Lovelace:mailto:{USER}@localhost",
        f"ATTENDEE;CN=Ada Lovelace;PARTSTAT=ACCEPTED:mailto:{USER}@localhost",
        f"ATTENDEE;CN=Eve;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:{EVE}",
        "LOCATION:The garden",
        "DESCRIPTION:Bring whom you <3\\, and cake & tea.",
    ]
    times = {"start": "20300907T120000Z", "end": "20300907T133000Z"}
    text = event(uid="lunch", summary="Lunch in the garden", lines=people, **times)
    put = await asyncio.to_thread(served.request, "PUT", PLACE, text.encode())
    assert put.status == 201, put
    async with asyncio.timeout(WAIT_S):
        while not smtp.taken:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    (plain,) = (one for one in smtp.taken[0][2].walk() if one.get_content_type() == "text/plain")
    return re.findall(r"Accept: (\S+)", plain.get_content())[0]


async def answer(browser: Browser, link: str) -> None:
    """What a person does: opens the link, changes the choice, comments, proposes, sends."""
    await browser.open(link)
    heard = await browser.heard()
    wanted = [
        *("heading: Invitation: Lunch in the garden", "radio: Accept", "radio: Decline"),
        *("group: Your answer", "textbox: Comment for the organizer (optional)"),
        "button: Send answer",
    ]
    assert [one for one in wanted if one not in heard] == [], heard
    assert await browser.see("document.documentElement.scrollWidth") <= PHONE["width"]
    assert await browser.see("document.querySelector('input:checked').value") == "accepted"
    await browser.tab_to("answer")
    await browser.press("ArrowDown")
    assert await browser.see("e.value") == "tentative"
    await browser.tab_to("comment")
    await browser.do("Input.insertText", text="I bring <my> cake.")
    await browser.tab_to("SUMMARY")
    await browser.press("Enter")
    assert await browser.see("e.parentNode.open")
    assert "Times are in: UTC." in str(await browser.see("e.parentNode.textContent"))


async def send(browser: Browser) -> list[str]:
    """Sends the form: what a screen reader is told then."""
    before = browser.loads
    await browser.tab_to("Send answer")
    await browser.press("Enter")
    await browser.loaded(before)
    return await browser.heard()


async def run(home: Path, picture: Path | None) -> None:
    """Raises AssertionError where the page is not as it has to be."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    async with mail_server() as smtp:
        environ = environment(
            home / "data.sqlite3",
            CALDAVD_SERVER__PUBLIC_URL=f"http://127.0.0.1:{port}",
            CALDAVD_MAIL__SMTP_HOST="127.0.0.1",
            CALDAVD_MAIL__SMTP_PORT=str(smtp.port),
            CALDAVD_MAIL__TLS="none",
            CALDAVD_MAIL__FROM_ADDRESS="calendar@example.com",
        )
        with serving(home / "server", environ, "--port", str(port)) as served:
            link = await invite(served, smtp)
            async with browsing(home / "browser") as browser:
                await answer(browser, link)
                if picture is not None:
                    picture.write_bytes(await browser.picture())
                heard = await send(browser)
                assert browser.complaints == [], browser.complaints
            thanks = "Thank you. You have accepted tentatively. You can change your answer below."
            assert any(thanks in one for one in heard), heard
            stored = served.request("GET", PLACE).body.decode().replace("\r\n ", "")
            log = served.log
    assert re.search(f"PARTSTAT=TENTATIVE[^\r]*{EVE}", stored), stored
    assert "I bring <my> cake." in stored, stored
    secret = link.partition("/rsvp/")[2].partition("?")[0]
    assert ("/rsvp/***" in log, secret[:20] in log) == (True, False), log


def main() -> None:
    """Prints that all is well, or fails."""
    parser = argparse.ArgumentParser(prog="python -m tests.browser", description=__doc__)
    parser.add_argument("--picture", type=Path, help="where a picture of the page is written")
    picture = parser.parse_args().picture
    with tempfile.TemporaryDirectory() as home:
        (Path(home) / "browser").mkdir()
        asyncio.run(run(Path(home), picture))
    print("an invitation was answered in a browser, by its keyboard and without scripts")


if __name__ == "__main__":
    main()
