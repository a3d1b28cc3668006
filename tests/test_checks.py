"""What `doctor` found, as scripts read it: one document, and an exit code that says whether anything is missing."""

from alekseylearn.checks import Check, checks_code, checks_json

FINE = Check(name="git", state="ok", told="2.39.5")
SLOW = Check(name="disk", state="warning", told="3 GB are free", remedy="make room")
GONE = Check(name="engine", state="missing", told="no docker here", remedy="apt-get install docker.io")


def test_a_warning_keeps_nobody_from_training() -> None:
    assert checks_code([]) == checks_code([FINE, SLOW]) == 0
    assert checks_json([FINE, SLOW])["ok"] is True


def test_what_is_missing_is_told_with_its_remedy() -> None:
    assert checks_code([FINE, GONE]) == 6
    assert checks_json(iter([FINE, GONE])) == {
        "ok": False,
        "checks": [
            {"name": "git", "state": "ok", "told": "2.39.5", "remedy": ""},
            {"name": "engine", "state": "missing", "told": "no docker here", "remedy": "apt-get install docker.io"},
        ],
    }
