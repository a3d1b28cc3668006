"""The slices that other tools' analysis would give, beside ours: on the fragments, the corpus and the gallery."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from alekseylearn.targets import Target, find_targets
from benchmarks.extraction.cases import CORPUS, FRAGMENTS, read_cases
from benchmarks.extraction.compared import Tally, deterministic, labelled_targets, measure, on_fragment, run_slices
from benchmarks.extraction.oracle import RESULTS, Subject, subjects
from benchmarks.extraction.peering.registry import Peer, peers

Question = tuple[Subject, Sequence[Target]]


def main(arguments: list[str]) -> int:
    """Print one line for each tool, and write every executed verdict."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.extraction peers", description=__doc__)
    for word in ("fragments", "corpus", "gallery"):
        parser.add_argument(f"--{word}", action="store_true")
    parser.add_argument("--execute", action="store_true", help="run the slices too (long; what ran before is known)")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="take every Nth notebook only")
    parser.add_argument(
        "--only", default="", metavar="NAME", help="notebooks with NAME in their name; writes no results"
    )
    asked = parser.parse_args(arguments)
    chosen = [word for word in ("fragments", "corpus", "gallery") if getattr(asked, word)]
    with peers() as found:
        for word in chosen or ("fragments", "corpus", "gallery"):
            if word == "fragments":
                on_fragments(found, asked.only)
                continue
            tallies = on_collection(found, list(_questions(word, asked.only))[:: asked.every], execute=asked.execute)
            if asked.execute and not asked.only:
                write(RESULTS / f"peers-{word}.tsv", tallies)
    return 0


def on_fragments(found: Sequence[Peer], only: str) -> None:
    """Print how many fragments each tool slices soundly, and exactly."""
    cases = [case for case in read_cases(FRAGMENTS) if only in case.name]
    print(f"{f'{len(cases)} fragments':<30} {'sound':>6} {'exact':>6}")
    for peer in found:
        verdicts = [on_fragment(peer, case) for case in cases]
        print(f"{peer.name:<30} {sum(v.sound for v in verdicts):>6} {sum(v.exact for v in verdicts):>6}", flush=True)


def on_collection(found: Sequence[Peer], questions: Sequence[Question], *, execute: bool) -> dict[str, Tally]:
    """Slice, and if *execute* run, for every target of *questions* with each tool; print and return what came out."""
    tallies = {peer.name: Tally() for peer in found}
    for subject, targets in questions:
        for peer in found:
            measure(peer, subject, targets, tallies[peer.name])
        if execute and targets and subject.environment.exists:
            run_slices(found, subject, targets, tallies)
    targets_in_all = sum(len(targets) for _, targets in questions)
    show(f"{len(questions)} notebooks, {targets_in_all} targets", tallies)
    return tallies


def _questions(word: str, only: str) -> Iterator[Question]:
    """Return the corpus with the targets that people marked, or the gallery's statements with those that are found."""
    if word == "corpus":
        labels = {case.name: labelled_targets(case) for case in read_cases(CORPUS)}
        yield from ((subject, labels[subject.name]) for subject in subjects("corpus", only))
        return
    yield from ((subject, find_targets(subject.notebook)) for subject in subjects("statements", only))


def write(path: Path, tallies: Mapping[str, Tally]) -> None:
    """Write each tool's verdict about each target, with tabs between."""
    lines = ["tool\tnotebook\tcell\tverdict"]
    for tool, tally in tallies.items():
        verdicts = {**dict.fromkeys(tally.refused, "refused"), **tally.verdicts}
        lines += [f"{tool}\t{notebook}\t{cell}\t{word}" for (notebook, cell), word in sorted(verdicts.items())]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def show(name: str, tallies: Mapping[str, Tally]) -> None:
    """Print one line for each tool: how much it keeps and, of the deterministic targets executed, how many agree."""
    judged = deterministic(tallies.values())
    print(f"\n{name:<30} {'kept':>6} {'refused':>8} {f'identical of {len(judged)}':>18}")
    for tool, tally in tallies.items():
        same = sum(tally.verdicts.get(target) == "identical" for target in judged)
        told = f"{same} ({same / len(judged):.1%})" if judged else "not executed"
        print(f"{tool:<30} {tally.share:>6.3f} {len(tally.refused):>8} {told:>18}")
