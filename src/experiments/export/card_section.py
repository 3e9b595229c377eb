"""Parts of a model card (`card.py`): what a run is, its data, cost, limits, lineage, licences."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.config.target import NO_TEXT
from experiments.data.source import source_of
from experiments.file.markdown import code, plain
from experiments.run import folder as files
from experiments.run.cost import cost_of
from experiments.run.portable import portable
from experiments.terminal.error import UserError

GAN_CLS = "Reed et al. 2016, ICML, https://arxiv.org/abs/1605.05396"
EMBEDDING = "Reed et al. 2016, CVPR, https://arxiv.org/abs/1605.05395"
STACKGAN = "Zhang et al. 2017, https://arxiv.org/abs/1612.03242"
STACKGAN_V2 = "Zhang et al. 2018, https://arxiv.org/abs/1710.10916"
ATTNGAN = "Xu et al. 2018, https://arxiv.org/abs/1711.10485"
MODELS = {
    "attngan": ("AttnGAN: captions to pictures", ATTNGAN),
    "attngan_4stage": ("AttnGAN with a fourth stage: captions to pictures", ATTNGAN),
    "stackgan_v2": ("StackGAN-v2: captions to pictures", STACKGAN_V2),
    "stackgan_stage1": ("StackGAN, the sketch: captions to pictures", STACKGAN),
    "stackgan_stage2": ("StackGAN, the refinement: captions to pictures", STACKGAN),
    "gan": ("A GAN that is told the caption: captions to pictures", GAN_CLS),
    "gan_cls": ("GAN-CLS: captions to pictures", GAN_CLS),
    "gan_int": ("GAN-INT: captions to pictures", GAN_CLS),
    "gan_int_cls": ("GAN-INT-CLS: captions to pictures", GAN_CLS),
    "style_encoder": (
        "A style encoder with its generator: captions in the style of pictures",
        GAN_CLS,
    ),
    "damsm": ("DAMSM: similarity of captions and pictures", ATTNGAN),
    "char_cnn_rnn": ("Joint embedding of captions, by letters, and pictures", EMBEDDING),
    "word_cnn_rnn": ("Joint embedding of captions, by words, and pictures", EMBEDDING),
    "word_lstm": ("Joint embedding of captions, by words, and pictures", EMBEDDING),
    "minilm": (
        "Joint embedding of captions, by a fixed MiniLM under a linear head, and pictures",
        f"{EMBEDDING}; Wang et al. 2020, https://arxiv.org/abs/2002.10957",
    ),
    "classifier": ("A classifier that reads attributes, or the class, of a picture", ""),
}
# Parts whose weights, or fixed parts, come from a package that has to be installed beside.
PACKAGED = {
    "EfficientNetLite0": (
        "offline-metrics",
        "EfficientNet-Lite0 with ImageNet weights, Apache-2.0",
    ),
    "MiniLM": ("text", "all-MiniLM-L6-v2, Apache-2.0; its package MIT"),
}
MEBIBYTE = 2**20


@dataclass(frozen=True)
class Run:
    """What the files of a run folder say. `images`: those that the weights have seen."""

    folder: Path
    config: dict[str, Any]
    about: dict[str, Any]
    facts: dict[str, Any]
    scores: dict[str, Any] | None
    images: int
    licence: str

    @property
    def model(self) -> str:
        return str((self.about.get("choices") or {}).get("model", "unknown"))

    @property
    def data_name(self) -> str:
        return str(portable((self.about.get("choices") or {}).get("data", "unknown")))

    @property
    def id(self) -> str:
        return str(self.about.get("id", ""))

    @property
    def name(self) -> str:
        return f"{self.model}-{self.data_name}"

    @property
    def draws(self) -> bool:
        return "generator" in self.config["system"]

    @property
    def own(self) -> str:
        """How names of scores end that are of this model: an encoder's are of real pictures."""
        return "" if self.draws else "/real"

    @property
    def asked_by(self) -> str:
        """The node of a configuration that builds on such a run, of those that draw nothing."""
        return "metric.classifier" if self.model == "classifier" else "encoder"

    @property
    def reads_text(self) -> bool:
        encoder = self.config["system"].get("encoder")
        return encoder is not None and encoder.get("_target_") != NO_TEXT


def sizes(run: Run) -> str:
    """' of 64, 128 and 256 px', for what draws."""
    sides = (run.config["system"].get("generator") or {}).get("resolutions") or []
    if not sides:
        return ""
    *first, last = map(str, sides)
    return f" of {', '.join(first)}{' and ' if first else ''}{last} px"


def about_data(run: Run) -> str:
    """Name, counts, split, source and licence."""
    data, counts = run.config["data"], run.facts.get("data_counts")
    source = source_of(data)
    rows = [("data set", f"`{run.data_name}`: {source.title}"), ("source", source.origin)]
    if counts:
        for split, use in (("train", "to train on"), ("test", "to test on")):
            images, classes = counts["kept"][split], counts["classes"][split]
            rows.append((f"split `{split}`", f"{images:,} images of {classes:,} classes, {use}"))
        rows.append(("captions", f"{counts['captions']:,}, of both splits"))
        if counts["dropped"]:
            rows.append(("dropped", f"{counts['dropped']:,} records that could not be used"))
    else:
        rows.append(("counts", "unknown: this run did not record them"))
    if run.facts.get("words"):
        rows.append(("vocabulary", f"{len(run.facts['words']):,} words"))
    fingerprint = run.facts.get("data")
    rows += [("fingerprint", f"`{fingerprint}`")] if fingerprint else []
    rows.append(("licence", source.licence))
    lines = [f"| {name} | {value} |" for name, value in rows]
    return "\n".join(["## Data", "", "| | |", "| --- | --- |", *lines])


def cost(run: Run) -> list[tuple[str, str]]:
    """Rows of what training took, as far as the run has recorded it."""
    spent = cost_of(run.folder)
    if spent is None:
        return []
    rows = [
        (
            "training time",
            f"{_span(spent.seconds)}, {spent.images_per_second:,.1f} images/s; "
            "without samples, evaluations and what it builds on",
        ),
    ]
    if spent.peak_memory:
        rows.append(("peak memory", f"{spent.peak_memory / MEBIBYTE:,.0f} MiB of one process"))
    if spent.energy is not None:
        rows.append(("energy", f"{spent.energy / 3.6e6:.3g} kWh, as the machine counted it"))
    return rows


def _span(seconds: float) -> str:
    hours, rest = divmod(round(seconds), 3600)
    minutes, left = divmod(rest, 60)
    if hours:
        return f"{hours:,} h {minutes} min"
    return f"{minutes} min {left} s" if minutes else f"{seconds:.3g} s"


def limits(run: Run) -> str:
    """What the model cannot do, as far as its files tell."""
    lines = [source_of(run.config["data"]).warning]
    if run.draws and run.reads_text:
        reads = run.facts.get("reads", "words")
        if reads == "words":
            longest = run.config["data"].get("max_words")
            lines.append(
                f"It reads English captions, of each the first {longest} words; words that are not "
                "in its vocabulary say nothing to it."
            )
        else:
            lines.append(f"It reads English captions by {reads}.")
    if run.draws:
        lines.append("It was made for research; do not take its pictures for photographs.")
    goal = int(run.config["trainer"]["images"])
    if run.images < goal and not run.about.get("converted"):
        lines.append(f"It was not trained to its end: {run.images:,} of {goal:,} images.")
    debug = (run.about.get("choices") or {}).get("debug")
    if debug:
        lines.append(f"It is a trial of the code (`debug={debug}`): its pictures mean nothing.")
    if run.scores is None:
        lines.append("Nobody has measured how good it is.")
    return "\n".join(["## Limits", "", *(f"- {line}" for line in lines)])


def built_on(run: Run) -> str:
    """The runs before it, and the files of a release."""
    lines = []
    for role, place in (run.about.get("built_on") or {}).items():
        use = "scores" if role.startswith("metric") else "weights"
        lines.append(f"- {code(role)} ({use}): {code(portable(_home_of(place)))}")
    for role, source in (run.about.get("converted") or {}).items():
        released = f"released file {code(source['file'])}, sha256 {code(source['sha256'])}"
        lines.append(f"- {code(role)}: {released}")
    if not lines:
        return "## Built on\n\nNothing: it was trained from the start."
    packaged = any(_uses(run.config["system"], name) for name in PACKAGED)
    besides = ", but for what a package carries" if packaged else ""
    tail = f"\n\nAll weights that it needs are in its own file{besides}."
    return "\n".join(["## Built on", "", *lines]) + tail


def _home_of(place: Any) -> str:
    """A relative folder of a run, as `outputs/damsm-plumage/<id>`, without where outputs are."""
    text = str(place)
    return text if text.startswith(("/", "~/")) else "/" + text


def versions(run: Run) -> str:
    """Packages, Python and the state of the code."""
    environment, git = _newest(run.folder, "environment"), _newest(run.folder, "git")
    lines = []
    if environment:
        packages = {n: v for n, v in environment.get("packages", {}).items() if v}
        named = ", ".join(plain(f"{name} {version}") for name, version in packages.items())
        lines.append(f"- Python {plain(environment.get('python'))}; {named}")
        gpus = plain(", ".join(environment.get("gpus") or []))
        cpu = environment.get("cpu") or {}
        lines.append(f"- {gpus or 'no GPU'}; {cpu.get('count')} cores of {plain(cpu.get('model'))}")
    if git:
        state = "with changes that were not committed" if git.get("dirty") else "as committed"
        lines.append(f"- code at commit {code(git.get('commit'))}, {state}")
    else:
        lines.append("- code: commit unknown, it was not in a git repository")
    return "\n".join(["## Versions", "", *lines])


def _newest(folder: Path, name: str) -> dict[str, Any] | None:
    """What the last part of the training ran with: `git.json`, or `git-2.json` and so on."""
    found = files.parts_of(folder, name)
    try:
        return dict(portable(files.read(found[-1], f"{name}.json"))) if found else None
    except UserError:
        return None


def licences(run: Run) -> str:
    """Of code, weights and data, each by itself."""
    weights = f"{run.licence}"
    if run.licence == "unknown":
        weights = "unknown; ask whoever trained the model (`export.licence` says it in an export)"
        if run.about.get("converted"):
            weights = "unknown here; that of the authors who released them"
    lines = [
        "- code: MIT",
        f"- weights: {weights}",
        f"- data: {source_of(run.config['data']).licence}",
    ]
    for name, (extra, licence) in PACKAGED.items():
        if _uses(run.config["system"], name):
            lines.append(f"- part of it: {licence} (`pip install 'birdsong[{extra}]'`)")
    return "\n".join(["## Licences", "", *lines])


def _uses(node: Any, name: str) -> bool:
    if isinstance(node, dict):
        target = str(node.get("_target_", ""))
        return target.endswith(f".{name}") or any(_uses(item, name) for item in node.values())
    return False
