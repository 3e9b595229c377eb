"""Every recipe as a run folder that nobody trained, at tiny widths."""

from __future__ import annotations

import json
import sys
import traceback
from pathlib import Path
from typing import Any

import torch
import yaml

from experiments.config.build import build
from experiments.config.compose import choices, plain
from experiments.config.override import checked_compose
from experiments.data.text.vocabulary import Vocabulary
from experiments.run import checkpoint
from experiments.run.fact import of_networks
from experiments.run.pretrained import GROUPS, without_pretrained, without_unneeded

CONF = Path(__file__).parents[2] / "conf"
RECIPES = sorted(path.stem for path in (CONF / "model").glob("*.yaml"))
# What draws with a text encoder of a package; its recipe alone draws nothing.
# And what listens, whose front-end has no weights and is made from the configuration.
MORE = {
    "gan_cls_minilm": ["model=gan_cls", "encoder=minilm_pretrained"],
    "song_classifier": ["model=classifier", "encoder=song_classifier", "data=plumage_song"],
    "attngan_heard": ["model=attngan", "encoder=damsm_speech_pretrained"],
}
WORDS = ["a", "bird", "red", "wing"]
CAPTION = "a red bird"


def make_recipe(folder: Path, name: str) -> Path:
    """A run of a recipe with the weights that its networks begin with."""
    own = MORE.get(name, [f"model={name}"])
    data = [] if any(item.startswith("data=") for item in own) else ["data=plumage"]
    overrides = [*own, *data, "debug=tiny", "tracker=none"]
    cfg = checked_compose(overrides)
    config: dict[str, Any] = without_unneeded(plain(cfg))
    words = Vocabulary(WORDS)
    facts = of_networks(len(words), {"wing": 3, "crown": 4}, 5, ["wing"], ["wing"])
    torch.manual_seed(0)
    system = build(without_pretrained(config, *GROUPS, "system")["system"], facts, "system")
    facts |= {"words": list(words.words), "vocabulary_hash": words.hash, "reads": system.reads}
    facts["makes"] = [[list(asks), made] for asks, made in system.makes.items()]
    about = {"id": "0123456789", "choices": choices(cfg), "overrides": overrides, "built_on": {}}
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    (folder / "facts.json").write_text(json.dumps(facts))
    (folder / "run.json").write_text(json.dumps(about))
    export = {group: module.state_dict() for group, module in system.export_modules().items()}
    checkpoint.save_weights(folder, 32, export)
    (folder / "card.md").touch()  # that of the run itself; an export writes its own
    return folder


def answers(place: Path) -> dict[str, str]:
    """Of each export in a folder: the sum of what it makes of a caption, a sound or a picture, or
    the line that says why it makes nothing."""
    import numpy as np
    from PIL import Image

    from experiments import load
    from experiments.terminal.error import UserError

    found = {}
    for folder in sorted(place.iterdir()):
        try:
            model = load(folder)
            asked: dict[str, Any] = {"captions": [CAPTION]}
            way, *_ = *min(model.system.makes, key=len), None
            if way is None:  # it is asked for nothing
                asked = {}
            elif way in ("speech", "sound"):
                view = model.views[way]
                rate = (view.frontend if way == "speech" else view.excerpt).rate
                asked = {way: [(np.sin(np.arange(rate) ** 1.3 / 9), rate)]}
            elif way == "picture":
                asked = {way: [Image.linear_gradient("L").convert("RGB")]}
            made = model.sample(**asked, seed=3)[-1]
            if isinstance(made, tuple):  # a wave, and its rate
                made = np.abs(made[0]) * 1e4
            found[folder.name] = str(int(np.asarray(made).astype(np.int64).sum()))
        except UserError as error:
            found[folder.name] = str(error)
        except Exception:
            found[folder.name] = traceback.format_exc()
    return found


if __name__ == "__main__":  # in a process that may lack packages
    sys.stdout.write(json.dumps(answers(Path(sys.argv[1]))))
