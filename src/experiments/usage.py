"""What `python run.py --help` says: examples, and everything that can be chosen in `conf/`."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import wrap

from experiments.config import outside
from experiments.config.place import CONF
from experiments.study.sweep import names, read
from experiments.terminal.error import UserError

CHOSEN = ("model", "data", "experiment", "debug")  # groups whose options are runs, told one by one
EXAMPLES = """\
Birdsong turns text into images with GANs. A run is a model on a data set:

  python run.py                                        four-stage AttnGAN on drawn birds, 64 px
  python run.py model=attngan data=stamps              real photographs
  python run.py data=cub data.root=DIR                 CUB-200-2011 at 64/128/256/512 px
  python run.py task=sample run=outputs/... 'text=a small red bird with black wings'
  python run.py task=sample run=outputs/... sample.file=captions.txt num_samples=1
  python run.py task=app run=outputs/...               say it or type it, and look; run=A,B compares
  python run.py task=evaluate run=outputs/...          score a run again; metric.samples=5000
  python run.py -m loss.damsm.weight=0,1,5,50          an ablation: one run of each
  python run.py -m study=stages hydra/launcher=joblib  a study of sweeps/, several runs at a time
  python run.py task=report study=stages               what it found: a page, CSV and Markdown
  python run.py task=plan data=cub                     memory, disk and hours, before any is spent
  python run.py launch.num_processes=2                 two processes or GPUs
  python run.py task=clean                             what may go from the disk, and why

The same command again resumes; a finished run prints its scores.
"""
FLAGS = """\
  --cfg job          every key and its value, without a run; --resolve computes them
  --info defaults    the files that a command is made of
  -m                 one run for each of several values: key=a,b,c
  --config-dir DIR   also the options of a folder of your own (docs/outside.md)
  --version          the version
  --hydra-help       more flags
"""


def usage() -> str:
    """The whole page."""
    lines = [EXAMPLES, "Choose with group=option (* without a word from you):", ""]
    marked = _defaults()
    for group in CHOSEN:
        options = outside.options(group)
        width = 1 + max(15, *map(len, options))
        for place, option in enumerate(options):
            title = group if place == 0 else ""
            star = "*" if marked.get(group) == option else " "
            said = _first_comment(options[option])
            lines.append(f"  {title:<11}{star} {option:<{width}}{said}".rstrip())
    lines += ["", "Parts, chosen by the model and replaced in the same way:", ""]
    for name in outside.groups():
        options = outside.options(name)
        brought = any(not file.is_relative_to(CONF) for file in options.values())
        if name not in CHOSEN and (len(options) > 1 or brought):
            lines += wrap(
                ", ".join(options), 110, initial_indent=f"  {name:<19} ", subsequent_indent=" " * 22
            )
    lines += ["", "Studies, with -m study=NAME, and budget=full for the published widths:", ""]
    lines += [f"  {name:<26}{_question(name)}" for name in names()]
    lines += ["", "Set any key with key=value (trainer.images=50000, seed=1). Flags:", "", FLAGS]
    return "\n".join(lines)


def _question(name: str) -> str:
    """Of a study; of a file that is none, what is wrong with it."""
    try:
        return f"{read(name)['question'].partition('?')[0]}?"
    except UserError as error:
        return f"cannot be read: {error}"


def _defaults() -> dict[str, str]:
    import yaml

    listed = yaml.safe_load((CONF / "config.yaml").read_text(encoding="utf-8"))["defaults"]
    return {key: value for item in listed if isinstance(item, dict) for key, value in item.items()}


def _first_comment(file: Path) -> str:
    """The first sentence that a file says of itself, without the command that starts it."""
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.startswith("# ") and "@package" not in line:
            sentence = re.split(r"(?<!al)\.(?: |$)", line[2:])[0]
            return sentence.partition(": python run.py")[0]
    return ""
