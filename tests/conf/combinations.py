"""Command lines drawn from a seed: recipes, data, options of every group, and values that fit or do
not, of every key that the composed configuration has."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from experiments.config.compose import CONF, compose
from experiments.config.option import TASKS
from experiments.study.sweep import names
from tests.conf.odd import CLASSES, FLAGS, FORMS, HYDRA, ODD

GROUPS = sorted(
    folder.relative_to(CONF).as_posix() for folder in CONF.rglob("*") if folder.is_dir()
)
# Networks and pictures small enough to be built many times.
SMALL = ("debug=tiny", "data.reader.species=6", "data.reader.test_species=2")


def options(group: str) -> list[str]:
    """The files of a folder of `conf/`."""
    return sorted(file.stem for file in (CONF / group).glob("*.yaml"))


@cache
def leaves(*chosen: str) -> dict[str, Any]:
    """Every key of a composed configuration with what stands there, interpolations as text."""
    cfg = compose(list(chosen))
    cfg.pop("hydra", None) if not OmegaConf.is_struct(cfg) else OmegaConf.set_struct(cfg, False)
    cfg.pop("hydra", None)
    found: dict[str, Any] = {}

    def walk(path: str, node: Any) -> None:
        if path:
            found[path] = node
        if isinstance(node, dict):
            for key, value in node.items():
                walk(f"{path}.{key}".lstrip("."), value)

    walk("", OmegaConf.to_container(cfg, resolve=False))
    return found


def draw(seed: int, runs: Path | None = None, roots: dict[str, Path] | None = None) -> list[str]:
    """The command line of a seed. `runs`: a folder with folders of runs; `roots`: of data sets."""
    dice = random.Random(seed)
    kind = dice.random()
    model, data = dice.choice(options("model")), dice.choice(options("data"))
    if dice.random() < 0.6:
        data = "plumage"
    words = [f"model={model}", f"data={data}"]
    if roots and data in roots and dice.random() < 0.8:
        words.append(f"data.root={roots[data]}")
    if dice.random() < 0.5:
        words += SMALL if data == "plumage" else SMALL[:1]
    if dice.random() < 0.1:
        words.append(f"experiment={dice.choice(options('experiment'))}")
    for _ in range(dice.choice((0, 0, 0, 1, 1, 2))):
        group = dice.choice(GROUPS)
        words.append(f"{group}={dice.choice(options(group) or ['x'])}")
    known = leaves(words[0], words[1])
    for _ in range(dice.choice((0, 1, 1, 1, 2, 3))):
        words.append(_override(dice, known))
    if kind < 0.15:
        task = dice.choice(TASKS)
        words = [] if dice.random() < 0.7 else words
        words += [f"task={task}", *_of_task(dice, leaves(), runs)]
    elif kind < 0.17:
        study = dice.choice(names())
        words = [f"study={study}", *words[2:][: dice.choice((0, 1, 3))]]
        words += ["-m"] if dice.random() < 0.7 else []
        words += ["budget=quick"] if dice.random() < 0.3 else []
        words += ["task=report"] if dice.random() < 0.2 else []
    elif kind < 0.22:
        words += ["-m", f"seed={dice.choice(('0,1', 'range(2)', 'choice(0,1)', '0,x', '1'))}"]
    elif kind < 0.26:
        words += dice.choice(FLAGS)
    if dice.random() < 0.06:
        words.append(dice.choice(HYDRA))
    if dice.random() < 0.08:
        words.insert(dice.randrange(len(words) + 1), dice.choice(FORMS))
    if dice.random() < 0.2:
        dice.shuffle(words)
    return words


def _override(dice: random.Random, known: dict[str, Any]) -> str:
    """A change of one key: to a value that may fit half of the time."""
    key = dice.choice(list(known))
    value = _fitting(dice, known[key]) if dice.random() < 0.5 else dice.choice(ODD)
    if key.endswith("_target_") and dice.random() < 0.9:
        value = dice.choice(CLASSES)
    form = dice.random()
    if form < 0.75:
        return f"{key}={value}"
    if form < 0.83:
        return f"++{key}={value}"
    if form < 0.89:
        return f"~{key}"
    if form < 0.94:
        return f"+{key}.{dice.choice(('new', 'weight', 'pretrained', '_partial_', 'x y'))}={value}"
    return f"{key[:-1]}={value}"  # misspelt


def _fitting(dice: random.Random, value: Any) -> str:
    if isinstance(value, bool):
        return dice.choice(("true", "false"))
    if isinstance(value, int):
        return str(dice.choice((1, 2, 4, 8, 16, value, value + 1, 2 * value)))
    if isinstance(value, float):
        return repr(value * dice.choice((0.5, 1.0, 2.0, 10.0)))
    if isinstance(value, list):
        items = [str(item) for item in value if not isinstance(item, dict | list)]
        return f"[{','.join(dice.choice((items, items[:1], [*items, '1'])))}]"
    if isinstance(value, str) and not value.startswith("${"):
        return value or "''"
    return dice.choice(("1", "4", "8", "0.1", "null", "true", "[8,16]"))


def _of_task(dice: random.Random, known: dict[str, Any], runs: Path | None) -> list[str]:
    """What tasks take that read runs."""
    words = []
    there = [str(path) for path in sorted(runs.iterdir())] if runs else []
    if dice.random() < 0.8:
        several = ",".join(dice.choices([*there, "nowhere"], k=2))
        words.append(
            f"run={dice.choice([*there, *there, 'nowhere', '/usr', several, '3', '[]', '{a:1}'])}"
        )
    if dice.random() < 0.6:
        words.append(
            f"text={dice.choice(['a red bird', '[a red bird,bird]', '5', '[]', 'zzz', '[[a]]'])}"
        )
    if dice.random() < 0.5:
        ours = [
            key for key in known if key.split(".")[0] in ("sample", "human", "export", "report")
        ]
        key = dice.choice([*ours, "answers", "num_samples", "seed", "metric.samples", "data.root"])
        words.append(f"{key}={dice.choice((*ODD, 'page.json', '4', 'noise'))}")
    return words
