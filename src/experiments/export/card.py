"""The model card of a run, `card.md`: for people, and in its front matter for the hub.

It says what the files of the run folder say (`told.py`), and "unknown" where they say nothing;
`card.md.j2` has its words.
"""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.data.source import hub_name
from experiments.export.contents import Contents
from experiments.export.people import require_section
from experiments.export.told import Told, told
from experiments.export.way import tags, uses
from experiments.file.markdown import block, cell, code, plain
from experiments.file.whole import write_text
from experiments.metric.names import label
from experiments.run import folder as files
from experiments.terminal.error import one_line
from experiments.terminal.line import duration, number_of, say

if TYPE_CHECKING:
    from huggingface_hub import ModelCardData

CARD = "card.md"
TEMPLATE = Path(__file__).with_name("card.md.j2")
BESIDE = ("/real", "/chance", "/std", "/candidates")  # what stands beside a score
# Licences that the hub knows by these names; any other is "other" with its name beside it.
HUB_LICENCES = (
    *("apache-2.0", "mit", "bsd-3-clause", "gpl-2.0", "gpl-3.0"),
    *("openrail", "creativeml-openrail-m", "cc0-1.0", "cc-by-4.0", "cc-by-sa-4.0"),
    *("cc-by-nc-4.0", "cc-by-nc-sa-4.0", "cc-by-nc-nd-4.0"),
)


def write_card(folder: Path) -> Path | None:
    """Write the card of a run into its folder, where it is missing or older than the run.

    Nothing that goes wrong here costs a finished run: it is told in a line, and None is returned.
    """
    path = folder / CARD
    try:
        if _is_newer(path, folder / files.RUN):
            return path
        return write_text(path, card_of(folder))
    except Exception as error:
        say(f"{path}: could not be written ({one_line(error)}); the run is whole without")
        return None


def _is_newer(path: Path, than: Path) -> bool:
    return path.is_file() and path.stat().st_mtime_ns >= than.stat().st_mtime_ns


def card_of(
    folder: Path,
    images: int | None = None,
    licence: str | None = None,
    hub: str | None = None,
    holds: Contents | None = None,
    people: str | None = None,
) -> str:
    """The card of a run as it stands after `images` images, by default after those it reached.

    `licence`: of the weights, by default what the run was configured with. `hub`: owner/name of the
    repository that the card is for. `holds`: of the export that it is for. `people`: what its maker
    says of the data, by default what the run was configured with. Raises `UserError` where the
    folder is no run, and where the card would not say of voices and faces what it has to.
    """
    from huggingface_hub import ModelCard  # takes a while

    run = told(folder, images, licence, holds, people)
    shown: dict[str, Any] = {"run": run, "hub": hub, "count": "{:,}".format, "duration": duration}
    shown["number"] = partial(number_of, form=",")
    shown |= {"uses": uses(run.ways), "plain": plain, "code": code, "block": block, "cell": cell}
    card = ModelCard.from_template(card_data(run), template_path=str(TEMPLATE), **shown)
    require_section(str(card), run.people, TEMPLATE)
    return f"{card}\n"


def card_data(run: Told) -> ModelCardData:
    """What the hub sorts models by: licence, tags, data set, and scores as `model-index`."""
    from huggingface_hub import EvalResult, ModelCardData

    known = run.licence.lower() in HUB_LICENCES
    kind = "speech-to-image" if run.hearing else "text-to-image"
    kinds = [*(tags(run.ways) or [kind]), "gan"] if run.draws else []
    data = hub_name(run.config["data"]) or run.data_name
    found = {
        name.removesuffix(run.own): value
        for name, value in (run.scores or {"scores": {}})["scores"].items()
        if not name.removesuffix(run.own).endswith(BESIDE)
        and isinstance(value, int | float)
        and math.isfinite(value)
    }
    results = [
        EvalResult(
            task_type=kinds[0] if run.draws else "other",
            dataset_type=data,
            dataset_name=data,
            dataset_split=str((run.scores or {}).get("protocol", {}).get("split", "test")),
            metric_type=name,
            metric_name=label(name),
            metric_value=value,
        )
        for name, value in found.items()
    ]
    return ModelCardData(
        license=run.licence.lower() if known else "other",
        license_name=None if known else "-".join(run.licence.lower().split()),
        library_name="birdsong-gan",
        language=run.language,
        # The hub has no task for what is heard or sung, and would ask for written captions.
        pipeline_tag="text-to-image" if kinds[:1] == ["text-to-image"] else None,
        tags=["birdsong", run.model, run.data_name, *kinds],
        datasets=[data],
        metrics=sorted({name.partition("/")[0] for name in found}) or None,
        model_name=run.name if results else None,
        eval_results=results or None,
    )
