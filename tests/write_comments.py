"""Write the expected comments anew: `python -m tests.write_comments`; then read what changed with git."""

from pathlib import Path

from alekseylearn.report import render
from alekseylearn.sections import SECTIONS
from tests.outcomes import STATES

FOLDER = Path(__file__).parent / "comments"


def main() -> None:
    """Write one file for every state."""
    FOLDER.mkdir(exist_ok=True)
    for name, outcome in STATES.items():
        (FOLDER / f"{name}.md").write_text(render(outcome, SECTIONS) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
