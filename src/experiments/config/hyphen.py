"""Words as argparse and others take them: `--trainer.batch=4`, `--seed 3`, `trainer.batch 4`."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence

from omegaconf import OmegaConf

from experiments.config import outside
from experiments.config.compose import CONF
from experiments.config.required import KINDS
from experiments.terminal.error import UserError
from experiments.terminal.program import help_line

AGENT = "WANDB_SWEEP_ID"  # set by W&B's agent, whose ${args} writes hyphens
LOCAL_RANK = ("--local_rank", "--local-rank")  # of DeepSpeed, of torch.distributed.launch
SWEEP = "; in a W&B sweep: command: [..., ${args_no_hyphens}]"


def tops() -> set[str]:
    """What stands at the top of a configuration."""
    own = set(map(str, OmegaConf.load(CONF / "config.yaml"))) - {"defaults"}
    return own | outside.tops()


def without_hyphens(arguments: Sequence[str], flags: Collection[str]) -> list[str]:
    """The words, without --local_rank, which launchers of several processes add to the variables
    that say it as well. `flags`: those that there are, which may be cut short as argparse allows.

    Raises `UserError` for keys that are written as flags, and for flags that there are not.
    """
    problems, kept = [], list[str]()
    for place, word in enumerate(arguments):
        name, equals, value = word.partition("=")
        if word == "--":
            kept += arguments[place:]
            break
        if name in LOCAL_RANK and os.environ.get("LOCAL_RANK") == value:
            continue
        kept.append(word)
        if not name.startswith("-") or _is_flag(name, flags):
            continue
        key = name.lstrip("-").lstrip("+")
        top = key.partition(".")[0].partition("/")[0].replace("-", "_")
        if not (equals or "." in key or top in tops()):
            if word.startswith("--"):
                problems.append(f"unrecognized arguments: {word}; {help_line()}")
            continue
        key = key.replace("-", "_")
        after = arguments[place + 1 : place + 2]
        if equals:
            meant, told = f"{key}={value}", word
        elif after and "=" not in after[0] and not after[0].startswith("-"):
            meant, told = f"{key}={after[0]}", f"{word} {after[0]}"
        else:
            meant, told = f"{key}={'true' if KINDS.get(key) == ('bool', None) else 'VALUE'}", word
        agent = SWEEP if os.environ.get(AGENT) else ""
        problems.append(f"{told}: leave the hyphens out, as {meant}{agent}")
    if problems:
        raise UserError("\n".join(problems))
    return kept


def _is_flag(name: str, flags: Collection[str]) -> bool:
    """Whether argparse takes it for one of the flags, which it may be the beginning of."""
    long = name.startswith("--")
    return name in flags or (long and len(name) > 3 and any(f.startswith(name) for f in flags))


def meant(words: Sequence[str], place: int) -> tuple[str, int]:
    """What a word that is no key=value was most likely to say, and how many words it takes; an
    empty text where that cannot be told."""
    word = words[place]
    if len(word) > 2 and word[0] == word[-1] and word[0] in "'\"" and "=" in word:
        return word[1:-1], 1
    key, colon, value = word.partition(":")
    if "=" in word or key.partition(".")[0] not in tops():
        return "", 1
    if colon and value:
        return f"{key}={value}", 1
    after = words[place + 1 : place + 2]
    loose = bool(after) and "=" not in after[0] and after[0].partition(".")[0] not in tops()
    return (f"{word}={after[0]}", 2) if loose else (f"{word}=VALUE", 1)
