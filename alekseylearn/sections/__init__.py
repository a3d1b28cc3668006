"""The sections of a report, in the order in which they are read."""

from __future__ import annotations

from alekseylearn.report import Section
from alekseylearn.sections.artifacts import artifacts
from alekseylearn.sections.changes import changes
from alekseylearn.sections.curve import curve
from alekseylearn.sections.environment import environment
from alekseylearn.sections.failures import failures
from alekseylearn.sections.footer import footer
from alekseylearn.sections.headline import headline
from alekseylearn.sections.metrics import metrics
from alekseylearn.sections.notebooks import notebooks
from alekseylearn.sections.notes import notes
from alekseylearn.sections.nothing import compared, nothing, others
from alekseylearn.sections.planned import planned
from alekseylearn.sections.progress import progress
from alekseylearn.sections.rerun import rerun
from alekseylearn.sections.runs import runs
from alekseylearn.sections.traces import traces

SECTIONS: tuple[Section, ...] = (
    Section(name="headline", write=headline),
    Section(name="what was not alike", write=environment),
    Section(name="what would train", write=planned, weight=11),
    Section(name="the decisions", write=nothing, weight=10),
    Section(name="the failure", write=failures, weight=12),
    Section(name="metrics", write=metrics),
    Section(name="the progress", write=progress, weight=8),
    Section(name="the curve", write=curve, weight=7),
    Section(name="files", write=artifacts, weight=9),
    Section(name="each notebook", write=notebooks, weight=6),
    Section(name="what changed", write=changes, weight=5),
    Section(name="the traceback and the log", write=traces, weight=4),
    Section(name="earlier runs", write=runs, weight=1),
    Section(name="how to run it again", write=rerun, weight=3),
    Section(name="the notebooks not trained", write=others, weight=3),
    Section(name="what was compared", write=compared, weight=2),
    Section(name="notes", write=notes, weight=4),
    Section(name="footer", write=footer),
)
"""All sections; to add one, write its function into a file of its own and name it here.

The weights say which section leaves first when the comment is too long: the lightest.
"""
