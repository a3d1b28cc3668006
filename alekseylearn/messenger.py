"""Hand one message to apprise: a program of its own, so that a service that hangs, warns or logs does so by itself.

It reads one JSON document (`address`, `title`, `body`, `moment`) on stdin and answers with one on stdout.
"""

from __future__ import annotations

import json
import logging
import sys
from typing import Any


class Ear(logging.Handler):
    """Remembers the last thing that apprise has complained about."""

    said = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Hear one line of its log."""
        if record.levelno >= logging.WARNING:
            self.said = record.getMessage()


def deliver(message: dict[str, str]) -> dict[str, Any]:
    """Send *message*; `installed`, `known` and `done` say how far it came, `said` what apprise has to say."""
    try:
        import apprise
    except ImportError:
        return {"installed": False}
    ear = Ear()
    logging.getLogger("apprise").addHandler(ear)
    asset = apprise.AppriseAsset(app_id="alekseylearn", app_desc="alekseylearn", app_url="", async_mode=False)
    app = apprise.Apprise(asset=asset)
    known = bool(app.add(message["address"])) and len(app) == 1
    kind = apprise.NotifyType.SUCCESS if message["moment"] == "done" else apprise.NotifyType.FAILURE
    plain = apprise.NotifyFormat.TEXT
    done = known and app.notify(message["body"], title=message["title"], notify_type=kind, body_format=plain)
    return {"installed": True, "known": known, "done": bool(done), "said": ear.said}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(deliver(json.load(sys.stdin))))
