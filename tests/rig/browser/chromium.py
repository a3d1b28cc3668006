"""One browser process, without a window and without a network."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from tests.rig.browser.page import Page
from tests.rig.browser.protocol import BrowserError, Protocol

Look = Literal["light", "dark"]
FLAGS = (
    "--headless=new",
    "--no-sandbox",  # the sandbox does not start as root
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-sync",
    "--metrics-recording-only",
    "--mute-audio",
    "--password-store=basic",
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
    "--lang=en-US",
    # No name is known but this machine's own.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--remote-debugging-pipe",
)


class Chromium:
    """A browser that lives as long as the `with` block: `with Chromium() as browser, browser.open(path) as page`."""

    def __init__(self) -> None:
        program = shutil.which("chromium")
        if program is None:
            raise BrowserError("there is no `chromium`: install Debian's package of that name")
        # The profile is left to rmtree: the browser writes to it until its last helper process is gone.
        self._profile = tempfile.mkdtemp(prefix="alekseylearn-chromium-")
        to_read, to_write = _pipe()
        from_read, from_write = _pipe()
        environment = {**os.environ, "LANG": "en_US.UTF-8", "LC_ALL": "", "HOME": self._profile}
        command = [program, *FLAGS, f"--user-data-dir={self._profile}", "about:blank"]
        # Chromium reads at 3 and writes at 4, whatever the numbers are here.
        shell = ["bash", "-c", f'exec "$@" 3<&{to_read} 4>&{from_write} {to_read}<&- {from_write}>&-', "bash"]
        self._process = subprocess.Popen(
            [*shell, *command],
            env=environment,
            pass_fds=(to_read, from_write),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(to_read)
        os.close(from_write)
        self._protocol = Protocol(from_read, to_write)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def open(
        self,
        what: Path | str,
        *,
        width: int = 1000,
        height: int = 800,
        look: Look = "light",
        scale: float = 1,
        scripts: bool = True,
    ) -> Iterator[Page]:
        """Open a file, or an address, and wait until it is loaded and drawn; *width* and *height* in CSS pixels.

        *look* is what the reader's system asks for; *scripts* false is a browser in which none runs.
        """
        url = what.resolve().as_uri() if isinstance(what, Path) else what
        context = self._protocol.call("Target.createBrowserContext")["browserContextId"]
        try:
            target = self._protocol.call("Target.createTarget", url="about:blank", browserContextId=context)
            attached = self._protocol.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
            page = Page(self._protocol, attached["sessionId"])
            page.prepare(width=width, height=height, look=look, scale=scale, scripts=scripts)
            page.navigate(url)
            yield page
        finally:
            self._protocol.call("Target.disposeBrowserContext", browserContextId=context)

    def close(self) -> None:
        """End the browser and remove its profile."""
        try:
            self._protocol.call("Browser.close")
        except (BrowserError, OSError):
            self._process.kill()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._protocol.close()
        shutil.rmtree(self._profile, ignore_errors=True)


def _pipe() -> tuple[int, int]:
    """Make a pipe whose ends have numbers that the shell does not give away: 3 and 4 are the browser's."""
    low = os.pipe()
    high = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in low)
    for end in low:
        os.close(end)
    return high[0], high[1]
