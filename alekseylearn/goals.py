"""What the name of a metric tells: whether it should rise or fall, and whether it is of held-out data."""

from __future__ import annotations

import re
from typing import Literal

Goal = Literal["max", "min"]


def _words(*stems: str) -> re.Pattern[str]:
    """Find one of *stems* as a word of a name: `val_loss`, `valloss`, `loss2`, `losses`, but not `closure`."""
    before = r"(?:^|[^a-z]|val|valid|test|train|eval|best|mean|avg)"
    return re.compile(rf"{before}(?:{'|'.join(stems)})(?:e?s)?(?![a-z])")


_HIGHER = _words(
    "acc|accuracy|accuracies|f1|f1score|f_?beta|auc|auroc|auprc|aucpr|roc|rocauc|prauc|average_precision|ap|map",
    r"precision|recall|sensitivity|specificity|r\^?2|r_?squared?|score|iou|miou|dice|jaccard|bleu|rouge[l12]?|meteor",
    "ndcg|mrr|mcc|kappa|hit_rate|win_rate|correlation|pearsonr?|spearmanr?|explained_variance|silhouette|psnr|ssim",
    "reward|likelihood|elbo|top",
)
_LOWER = _words(
    "loss|logloss|error|err|rmse|mse|mae|mape|smape|rmsle|perplexity|ppl|wer|cer|fid|deviance|nll|cost|brier",
    "cross_?entropy|inertia|aic|bic|regret|ece|kl|divergence",
)
_NEGATED = re.compile(r"(?:^|[^a-z])(?:neg|negative|minus)(?![a-z])")
_TIME = re.compile(r"(?:^|[^a-z])(?:time|seconds?|secs?|minutes?|duration|elapsed)(?:_m?s)?\Z")
_SPREAD = re.compile(r"(?:^|[^a-z])(?:std|stdev|stddev|stderr|sd)(?![a-z])")
_HELD_OUT = re.compile(r"(?:^|[^a-z])(?:val|valid|validation|eval|test|hold_?out|held_?out|cv|oob)(?![a-z])")


def guess_goal(name: str) -> Goal | None:
    """Guess from its *name* whether a metric should rise or fall; None where the name does not tell.

    Nobody says so of times, and of how far values lie apart (`accuracy_std`). A negated loss rises: scikit-learn's
    scorers, such as `neg_log_loss`, are named so.
    """
    spelled = _spelled(name)
    if _TIME.search(spelled) or _SPREAD.search(spelled):
        return None
    negated = _NEGATED.search(spelled) is not None
    if _LOWER.search(spelled):
        return "max" if negated else "min"
    if _HIGHER.search(spelled):
        return "min" if negated and "likelihood" in spelled else "max"
    return None


def is_held_out(name: str) -> bool:
    """Tell whether the metric *name* is of data that was not trained on."""
    return _HELD_OUT.search(_spelled(name)) is not None


def _spelled(name: str) -> str:
    """Spell `valLoss` as `val_loss`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
