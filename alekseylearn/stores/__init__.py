"""The places where results are kept, by name."""

from __future__ import annotations

from pathlib import Path
from typing import assert_never

from alekseylearn.config import StoreName
from alekseylearn.stores.base import Store


def open_store(name: StoreName, root: Path) -> Store:
    """Open the store *name* of results below *root*."""
    match name:
        case "folder":
            from alekseylearn.stores.folder import FolderStore

            return FolderStore(root)
        case _:
            assert_never(name)
