"""What the cells of a notebook hold that a person should know of before they are shown, cut or trained."""

from __future__ import annotations

import re
from collections.abc import Iterator

from alekseylearn.cell_text import which_cells
from alekseylearn.magics import translate
from alekseylearn.notebook import PYTHON, Cell, Notebook
from alekseylearn.oddities import secret_in, steers
from alekseylearn.syntax import too_much

_MAYBE = re.compile(r"(?m)^[ \t]*+[!%]|=[ \t]*+[!%]|get_ipython")
_COMMAND = re.compile(r"get_ipython\(\)\s*\.\s*(?:system|getoutput|run_\w+|ev|ex)\b")


def warnings_about(notebook: Notebook) -> Iterator[str]:
    """Say, each with its slug in front, what is odd about *notebook*, and what is not shown of it as it stands."""
    yield from notebook.warnings
    read = notebook.language == PYTHON and not too_much(cell.source for cell in notebook.code_cells)
    commands = [cell.index for cell in notebook.code_cells if read and _commands(cell)]
    if commands:
        told = "shell commands, files or magics; nothing of that is run to read or cut the notebook"
        yield f"nb.source: {which_cells(commands)} {_s('run', commands)} {told}"
    secret = [cell.index for cell in notebook.cells if secret_in(cell.source)]
    if secret:
        told = "what looks like a secret; it is shown as ***, but who has the notebook has it"
        yield f"secret.redacted: {which_cells(secret)} {_s('hold', secret)} {told}"
    markup = [cell.index for cell in notebook.cells if steers(cell.source)]
    if markup:
        told = "markup that would act on a page, or steer a terminal; it is shown as plain text"
        yield f"text.neutralised: {which_cells(markup)} {_s('hold', markup)} {told}"
    yield from notebook.contained


def _commands(cell: Cell) -> bool:
    """Tell whether a cell does something else than Python, other than to install or to look around."""
    if not _MAYBE.search(cell.source):
        return False
    translation = translate(cell.source)
    return bool(translation.shell or translation.effects or translation.runs) or bool(_COMMAND.search(translation.code))


def _s(verb: str, cells: list[int]) -> str:
    return verb + "s" if len(cells) == 1 else verb
