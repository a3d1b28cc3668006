"""`fetch`: bring a model home."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alekseylearn.fetching import Sources


def sources_here(folder: Path | None = None) -> Sources:
    """Return where models are looked for from *folder*, else from the working folder."""
    from alekseylearn.cli.place import config_of, find_place, workshop
    from alekseylearn.cli.stores import shared_in
    from alekseylearn.fetching import Sources

    place = find_place(folder)
    config = config_of(place)
    shop = workshop(place.home, config, lambda _: None, dict(os.environ), shared=shared_in(config, None))
    return Sources(shop=shop, config=config)
