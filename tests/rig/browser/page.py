"""One open page: its picture, its accessibility tree, its keys, and what it asked the network for."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.rig.browser.protocol import BrowserError, Protocol

KEYS: Mapping[str, tuple[int, str]] = {
    "Tab": (9, ""),
    "Enter": (13, "\r"),
    "Escape": (27, ""),
    " ": (32, " "),
    "End": (35, ""),
    "Home": (36, ""),
    "ArrowLeft": (37, ""),
    "ArrowUp": (38, ""),
    "ArrowRight": (39, ""),
    "ArrowDown": (40, ""),
}
SHIFT = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """What a screen reader is told of one element; *depth* counts from 0, *properties* are level, focusable, ..."""

    role: str
    name: str
    description: str
    value: str
    properties: Mapping[str, Any]
    depth: int


class Page:
    """A page in a context of its own; made by `Chromium.open`."""

    def __init__(self, protocol: Protocol, session: str) -> None:
        self._protocol, self._session, self._scripts = protocol, session, True

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send any command of the DevTools protocol to this page."""
        return self._protocol.call(method, self._session, **parameters)

    def prepare(self, *, width: int, height: int, look: str, scale: float, scripts: bool) -> None:
        """Set the page up before it is loaded."""
        for domain in ("Page", "Runtime", "Network", "Log", "Accessibility"):
            self.call(f"{domain}.enable")
        self._scripts = scripts
        self.call("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.resize(width, height, scale)
        self.wear(look)

    def navigate(self, url: str) -> None:
        """Load *url* and wait for it."""
        answer = self.call("Page.navigate", url=url)
        if answer.get("errorText"):
            raise BrowserError(f"{url}: {answer['errorText']}")
        self._protocol.wait(self._session, "Page.loadEventFired")
        self.settle()

    def resize(self, width: int, height: int, scale: float = 1) -> None:
        """Make the window *width* by *height* CSS pixels."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=False,
        )

    def wear(self, look: str, *, still: bool = True, media: str = "") -> None:
        """Ask for the *look* (light, dark) as a reader's system does, and for no motion; *media* may be `print`."""
        features = [
            {"name": "prefers-color-scheme", "value": look},
            {"name": "prefers-reduced-motion", "value": "reduce" if still else "no-preference"},
        ]
        self.call("Emulation.setEmulatedMedia", media=media, features=features)

    def settle(self) -> None:
        """Wait until fonts are there and two frames have been drawn."""
        if not self._scripts:  # promises are never kept then, but a picture is taken of a drawn frame only
            self.call("Page.captureScreenshot")
            return
        self.evaluate(
            "document.fonts.ready.then(() => new Promise(done =>"
            " requestAnimationFrame(() => requestAnimationFrame(() => done(true)))))"
        )

    def evaluate(self, expression: str) -> Any:
        """Evaluate JavaScript in the page, outside of its content security policy; a promise is waited for."""
        answer = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise BrowserError(details.get("exception", {}).get("description") or details["text"])
        return answer["result"].get("value")

    def screenshot(self, selector: str = "", *, whole: bool = True) -> bytes:
        """Return a PNG of the *whole* page, of what is in the window, or of the first element that matches."""
        if selector:
            box = self.evaluate(
                f"(() => {{ const box = document.querySelector({selector!r}).getBoundingClientRect();"
                " return [box.x + scrollX, box.y + scrollY, box.width, box.height]; })()"
            )
        elif whole:
            size = self.call("Page.getLayoutMetrics")["cssContentSize"]
            box = [0, 0, size["width"], size["height"]]
        else:
            return base64.b64decode(self.call("Page.captureScreenshot")["data"])
        clip = {**dict(zip(("x", "y", "width", "height"), box, strict=True)), "scale": 1}
        answer = self.call("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)
        return base64.b64decode(answer["data"])

    def accessible(self) -> tuple[Node, ...]:
        """Return the accessibility tree in reading order, without what is hidden from it."""
        found = self.call("Accessibility.getFullAXTree")["nodes"]
        by_id = {node["nodeId"]: node for node in found}
        nodes: list[Node] = []

        def walk(node: Mapping[str, Any], depth: int) -> None:
            if not node.get("ignored"):
                nodes.append(_node(node, depth))
            for child in node.get("childIds", []):
                if child in by_id:
                    walk(by_id[child], depth + (not node.get("ignored")))

        walk(found[0], 0)
        return tuple(nodes)

    def press(self, key: str, *, shift: bool = False) -> None:
        """Press and release one key: a name of `KEYS`."""
        number, text = KEYS[key]
        shared = {"key": key, "code": "Space" if key == " " else key, "windowsVirtualKeyCode": number}
        shared["modifiers"] = SHIFT if shift else 0
        self.call("Input.dispatchKeyEvent", type="keyDown", **shared, **({"text": text} if text else {}))
        self.call("Input.dispatchKeyEvent", type="keyUp", **shared)

    def point(self, selector: str, across: float = 0.5, down: float = 0.5) -> None:
        """Move the mouse over an element, *across* and *down* as shares of its size; scroll there first."""
        x, y = self._place(selector, across, down)
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def click(self, selector: str, across: float = 0.5, down: float = 0.5) -> None:
        """Click an element."""
        x, y = self._place(selector, across, down)
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def drag(self, selector: str, start: float, end: float, down: float = 0.5) -> None:
        """Drag the mouse over an element, from *start* to *end* as shares of its width."""
        x, y = self._place(selector, start, down)
        target, _ = self._place(selector, end, down)
        pressed = {"button": "left", "buttons": 1, "clickCount": 1}
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        self.call("Input.dispatchMouseEvent", type="mousePressed", x=x, y=y, **pressed)
        for part in (0.5, 1.0):
            self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x + part * (target - x), y=y, **pressed)
        self.call("Input.dispatchMouseEvent", type="mouseReleased", x=target, y=y, button="left", clickCount=1)

    def focused(self) -> str:
        """Return the HTML start tag of the element that has the focus."""
        html: str = self.evaluate("document.activeElement.cloneNode(false).outerHTML")
        return html.partition(">")[0] + ">"

    @property
    def requests(self) -> tuple[str, ...]:
        """Every address that the page asked for, itself first; what a policy kept back, or is in the page, is none."""
        asked, refused = {}, set()
        for event in self._events():
            told = event.get("params", {})
            if event["method"] == "Network.requestWillBeSent":
                asked[told["requestId"]] = told["request"]["url"]
            elif event["method"] == "Network.loadingFailed" and "blockedReason" in told:
                refused.add(told["requestId"])
        return tuple(url for key, url in asked.items() if key not in refused and not url.startswith("data:"))

    @property
    def problems(self) -> tuple[str, ...]:
        """What the console tells of errors and warnings: exceptions, refused scripts, failed requests."""
        return tuple(text for event in self._events() if (text := _problem(event)))

    def _events(self) -> list[dict[str, Any]]:
        # One round trip, so that what has happened by now has been told.
        self.call("Runtime.evaluate", expression="0")
        return self._protocol.events[self._session]

    def _place(self, selector: str, across: float, down: float) -> tuple[float, float]:
        x, y, width, height = self.evaluate(
            f"(() => {{ const found = document.querySelector({selector!r});"
            " found.scrollIntoView({block: 'center', behavior: 'instant'});"
            " const box = found.getBoundingClientRect(); return [box.x, box.y, box.width, box.height]; })()"
        )
        return x + across * width, y + down * height


def _problem(event: Mapping[str, Any]) -> str:
    told = event.get("params", {})
    match event["method"]:
        case "Runtime.exceptionThrown":
            details = told["exceptionDetails"]
            return str(details.get("exception", {}).get("description") or details["text"])
        case "Runtime.consoleAPICalled" if told["type"] in ("error", "warning", "assert"):
            return " ".join(str(one.get("value", one.get("description"))) for one in told["args"])
        case "Log.entryAdded" if told["entry"]["level"] in ("error", "warning"):
            return str(told["entry"]["text"])
        case _:
            return ""


def _node(node: Mapping[str, Any], depth: int) -> Node:
    def text(key: str) -> str:
        return str(node.get(key, {}).get("value", ""))

    properties = {one["name"]: one["value"].get("value") for one in node.get("properties", [])}
    return Node(
        role=text("role"),
        name=text("name"),
        description=text("description"),
        value=text("value"),
        properties=properties,
        depth=depth,
    )
