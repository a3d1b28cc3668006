"""The sections of a report, in the order in which they are read."""

from __future__ import annotations

from alekseylearn.report import Section
from alekseylearn.sections.footer import footer
from alekseylearn.sections.headline import headline
from alekseylearn.sections.metrics import metrics

SECTIONS: tuple[Section, ...] = (
    Section(name="headline", write=headline),
    Section(name="metrics", write=metrics),
    Section(name="footer", write=footer),
)
"""All sections; to add one, write its function into a file of its own and name it here."""
