"""Scores as a report shows them: which come first, which way is better, and in what unit."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable
from fnmatch import fnmatchcase

from experiments.metric.names import WORDS, label
from experiments.terminal.error import UserError

SUFFIXES = (
    *("/real/candidates", "/real/std", "/candidates", "/real", "/chance", "/std"),
    *("/shuffled", "/copy"),
)
SHARES = (
    "r_precision/",
    "precision/",
    "recall/",
    "coverage/",
    "authentic/",
    "attribute_",
    "zero_shot/",
    "recognition/",
    "detected/",
    "precision_at_",
    "stated/",
    "heard/",
    "says/",
    "token_accuracy/",
    "sentence_accuracy/",
    "told_by_",
    "map/",
    "recall_at_",
    "picture_recall_at_",
    "caption_recall_at_",
)
LOWER = (
    *("frechet/", "frechet_infinity/", "frechet_video_distance/", "kernel/"),
    *("redrawn/", "query_redrawn/", "noise_error/"),
    *("feature_l1/", "feature_l2/", "pixel_l1/", "landmark_error/", "hidden_l1/"),
)
HIGHER = (
    *(
        "clip_score/",
        "inception_score/",
        "diversity/",
        "density/",
        "style_cosine/",
        "feature_cosine/",
        "hidden_psnr/",
    ),
    *(share for share in SHARES if share != "authentic/"),  # that is best where real ones are
)
_STARTS = [name.rstrip("/") for name in (*LOWER, *HIGHER)]
STARTS = ", ".join(  # without those that begin with another one
    name
    for name in _STARTS
    if not any(name != other and name.startswith(other) for other in _STARTS)
)
# In the order in which they answer a question: is the caption followed, are the pictures good, are
# they varied. The second row is for runs that draw nothing.
HEADLINES = (
    "attribute_accuracy/colour",
    "attribute_accuracy/motif",
    "attribute_accuracy/heard_colour",
    "attribute_accuracy/mean",
    "attribute_accuracy/action",
    "attribute_accuracy/motion",
    "attribute_accuracy/digit",
    "attribute_accuracy/joint",
    "r_precision/*",
    "map/*",
    "frechet/*",
    "diversity/*",
)
OTHERS = (
    "told_by_*/colour",
    "told_by_*/mean",
    "told_by_*/class",
    "heard/colour",
    "heard/mean",
    "stated/colour",
    "stated/mean",
    "token_accuracy/free_running",
    "token_accuracy/teacher_forced",
    "sentence_accuracy/*",
    "attribute_kept/*",
    "redrawn/*",
    "zero_shot/*",
    "precision_at_50/*",
    "map/*",
    "recall_at_10/*",
    "recognition/*",
    "inception_score/*",
    "*",
)
FEW = 4  # scores that stand for runs without a headline


def better(name: str) -> str | None:
    """ "higher", "lower", or None where nobody can say."""
    if name.startswith(LOWER):
        return "lower"
    return "higher" if name.startswith(HIGHER) else None


def plain_names(names: Iterable[str]) -> list[str]:
    """The scores themselves: without spreads, counts, and the scores of real pictures or chance."""
    return list(dict.fromkeys(name for name in names if not name.endswith(SUFFIXES)))


def require_choosable(name: str, key: str) -> None:
    """Raise `UserError` where no state of a run can be chosen by a score of this name, whatever is
    trained; `key` begins the line."""
    plain = name
    while plain.endswith(SUFFIXES):
        plain = plain.rpartition("/")[0]
    if plain != name and better(plain):
        raise UserError(f"{key}={name}: says nothing of what is trained; did you mean {plain}?")
    if better(plain):
        return
    first, _, rest = plain.partition("/")
    near = difflib.get_close_matches(first, [word for word in WORDS if better(f"{word}/x")], n=1)
    told = f"did you mean {near[0]}/{rest}?" if near and rest else f"names begin with {STARTS}"
    raise UserError(f"{key}={name}: nobody can say which way it is better; {told}")


def headlines(names: Iterable[str]) -> list[str]:
    """The few scores that answer a question, of those that there are."""
    plain = sorted(plain_names(names))
    found = [name for pattern in HEADLINES for name in plain if fnmatchcase(name, pattern)]
    if not found:
        ordered = [name for pattern in OTHERS for name in plain if fnmatchcase(name, pattern)]
        found = list(dict.fromkeys(ordered))[:FEW]
    return found


def in_order(names: Iterable[str]) -> list[str]:
    """All scores, the headlines first, the others by what they measure."""
    plain = plain_names(names)
    first = headlines(plain)
    return first + sorted(name for name in plain if name not in first)


def title(name: str) -> str:
    """What a person reads for a score."""
    if name == "attribute_accuracy/colour":
        return "colours right"
    if name == "attribute_accuracy/mean":
        return "attributes right"
    return label(name)


def shown(name: str, value: float | None, error: float | None = None) -> str:
    """A value with its error, in its unit: shares are per cent; "–" where there is none."""
    if value is None or not math.isfinite(value):
        return "–"
    if name.startswith(SHARES):
        spread = "" if error is None else f" ± {100 * error:.1f}"
        return f"{100 * value:.1f}{spread}\u00a0%"
    if not error:
        return number(value)
    most = 3 - math.floor(math.log10(abs(value))) if value else 9  # four digits in all
    digits = max(0, min(places(error), most))
    return f"{value:,.{digits}f} ± {error:,.{digits}f}"


def change(name: str, value: float, scale: float | None = None) -> str:
    """A difference with its sign; of shares in points of per cent. Others have as many places as
    tell two digits of `scale`, of the value itself without one."""
    if name.startswith(SHARES):
        size = f"{100 * abs(value):.1f}"
    else:
        size = f"{abs(value):,.{places(abs(value) if scale is None else scale)}f}"
    if not size.strip("0.,"):
        return size
    return ("+" if value > 0 else "−") + size


def unit(name: str) -> str:
    """What a difference is counted in."""
    return "points" if name.startswith(SHARES) else ""


def places(scale: float) -> int:
    """Places after the point that show two digits of a number of this size."""
    if not scale or not math.isfinite(scale):
        return 0
    return min(9, max(0, 1 - math.floor(math.log10(abs(scale)))))


def number(value: float, digits: int = 4) -> str:
    """So many digits, thousands set apart, no exponent where none is needed."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    if abs(value) >= 10 ** (digits - 1):
        return f"{value:,.0f}"
    if abs(value) < 1e-4:
        return f"{value:.{digits - 1}g}"
    return f"{value:.{max(0, digits - 1 - math.floor(math.log10(abs(value))))}f}"
