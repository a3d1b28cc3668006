"""The heading with the verdict, and one line: what was compared, where, how long, at what price, where to read on."""

from __future__ import annotations

from alekseylearn.report import Outcome
from alekseylearn.sections import naming
from alekseylearn.text import Markdown, code, duration, join, link, money, plural, prose
from alekseylearn.verdict import State, active, verdict


def headline(outcome: Outcome) -> Markdown:
    """Write the heading and the line under it."""
    summed = verdict(outcome)
    extra = _beside(outcome) if len(active(outcome)) == 1 else ""
    title = f"### {summed.sign} {naming.spoken(summed.phrase)}{extra}"
    return Markdown(f"{title}\n\n{join([*facts(outcome), *_links(outcome)], ' · ')}")


def facts(outcome: Outcome) -> list[str]:
    """List what was compared, where it ran, how long and at what price; each is a line of Markdown."""
    compared = naming.commit(outcome.head, named=False)
    known = outcome.base.name or outcome.base.sha
    against = f"{compared} against {naming.commit(outcome.base, named=True)}" if known else compared
    return [against, *_work(outcome, verdict(outcome).state)]


def _beside(outcome: Outcome) -> str:
    """Say that other notebooks were looked at too."""
    rest = len(outcome.notebooks) - 1
    return f" ({plural(rest, 'other notebook')}: nothing to train)" if rest else ""


def _work(outcome: Outcome, state: State) -> list[str]:
    told = active(outcome)
    if state is State.SKIPPED:
        return [f"checked in {duration(outcome.seconds)}, no machine used"]
    if all(one.reused or one.head is None for one in told) and outcome.finished:
        runs = [naming.run_id(one.head.run) for one in told if one.head is not None]
        was = f"already trained: result of run {code(runs[0])} reused, no machine used" if len(runs) == 1 else ""
        return [was or "no machine used"]
    return [
        naming.place(outcome),
        *([spent] if (spent := _spent(outcome)) else []),
        *([] if outcome.cost is None else [_cost(outcome.cost)]),
    ]


def _cost(dollars: float) -> str:
    shown = money(dollars)
    return f"about {shown}" if dollars and shown.startswith("$") else shown


def _spent(outcome: Outcome) -> str:
    """Say how long it took; of a job that nobody waits for, nobody knows yet."""
    if outcome.finished:
        billed = _billed(outcome)
        return f"{duration(outcome.seconds)}{f', billed {billed}' if billed else ''}" if outcome.seconds else ""
    return f"{duration(outcome.seconds)} so far" if outcome.seconds and not outcome.left else ""


def _billed(outcome: Outcome) -> str:
    """Return what is billed of the one run that there is."""
    heads = [one.head for one in active(outcome) if one.head is not None and not one.reused]
    return prose(heads[0].environment.get("billed", ""), 40) if len(heads) == 1 else ""


def _links(outcome: Outcome) -> list[str]:
    log = "log" if outcome.finished or outcome.left else "live log"
    # What runs has no report yet; what nobody waits for has one of what was started.
    report = outcome.artifact_url if outcome.finished or outcome.left else ""
    targets = [("full report", report), (log, outcome.run_url)]
    linked = [linked for label, url in targets if (linked := link(label, url)) != label]
    return [*linked, *_job(outcome)]


def _job(outcome: Outcome) -> list[str]:
    """Link the page of the one job that has ended; those of jobs that go on stand beside their steps."""
    told = active(outcome)
    head = told[0].head if len(told) == 1 and not told[0].steps else None
    return [] if head is None else [page] if (page := naming.job_page(head.backend, head.url)) else []
