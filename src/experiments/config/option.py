"""The options of a run, typed: groups of `conf/` that have no `_target_`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING


def _least(number: int, default: Any = MISSING) -> Any:
    return field(default=default, metadata={"least": number})


def _one_of(*options: str | None) -> Any:
    return field(default=options[0], metadata={"choices": options})


# One text or path, or a list of them, for which OmegaConf has no type.
SEVERAL_TEXTS = {"kind": "str | Sequence[str] | None"}


@dataclass
class Trainer:
    """How long and how a run trains; all counts are images seen."""

    images: int = _least(1)
    batch: int = _least(1)  # images of one step, over all processes
    accumulate: int = _least(1, 1)  # parts that a batch is split into to save memory
    # fp16 scales losses, for GPUs without bf16; auto never takes it.
    precision: str = _one_of("auto", "fp32", "bf16", "fp16")
    # Of frozen text encoders, on disk; auto: float32 in fp32, float16 in bf16 (docs/numerics.md).
    text_features: str = _one_of("auto", "float32", "float16")
    channels_last: bool | None = None  # null: as the device reads pictures faster
    compile: bool | None = None  # null: on a GPU, where the run is long enough
    ema_halflife: int | None = _least(1, None)  # images that halve a weight; null: no average
    # Early on the half-life is this share of the images seen; null: it is never shortened.
    ema_ramp: float | None = _least(0, 0.1)
    deterministic: bool = True  # the same command on the same machine gives the same bits
    # Where a loss or a gradient is not finite (docs/numerics.md); `skips` of 100 updates in a row,
    # and `rollbacks` of a whole run, are the bounds.
    nonfinite: str = _one_of("stop", "skip", "rollback")
    skips: int = _least(1, 10)
    rollbacks: int = _least(1, 3)
    log_every: int = _least(1, 1000)
    sample_every: int = _least(1, "${data.preset.every.sample}")
    evaluate_every: int = _least(1, "${data.preset.every.evaluate}")
    checkpoint_every: int = _least(1, "${data.preset.every.checkpoint}")
    keep: int = _least(1, 2)  # checkpoints
    sample_captions: int = _least(0, 8)
    sample_columns: int = _least(1, 1)
    # A score by which the best weights are kept, on a share held out of training; null: none are.
    keep_best: str | None = None
    minima: str | None = None  # a phase, as generator, at the minima of whose loss weights are kept
    collapse: float | None = _least(0, 0.05)  # least diversity, real pictures have 1; null: any


TRACKERS = ("wandb", "trackio", "tensorboard", "none")


@dataclass
class Tracker:
    """Where a run is followed; the run folder holds everything in any case."""

    # Which: each file of conf/tracker/ adds its own, so that tracker=[wandb,tensorboard] is both.
    services: dict[str, bool] = field(default_factory=dict)
    backend: Any = None  # one or a list, in place of those
    project: str | None = None  # null: WANDB_PROJECT, else birdsong
    entity: str | None = None  # of W&B: a user or a team; null: WANDB_ENTITY, else the user's own
    group: str | None = None  # of runs that belong together: the study
    # null: WANDB_NAME, else the run's own; a study names its arms by what they vary
    name: str | None = None
    tags: list[str] = field(default_factory=list)
    mode: str = _one_of("auto", "online", "offline", "disabled")
    artifacts: bool = False  # weights and evaluations with their lineage, in W&B


@dataclass
class Launch:
    """Processes of one job, and the device."""

    num_processes: int = _least(1, 1)
    device: str = _one_of("auto", "cpu", "cuda")
    # Of one process; null: as cores are free when a run begins, and then the same at each resume.
    threads: int | None = _least(1, None)
    comm_hook: str | None = _one_of(None, "fp16", "bf16")  # in which gradients travel; null: as are
    bucket_mb: int = _least(1, 25)  # gradients that travel together
    # Packages of one's own whose classes the configuration may name; their code counts as ours.
    targets: list[str] = field(default_factory=list)
    allocator: bool = True  # keep big blocks between steps (glibc; a third faster on a CPU)


@dataclass
class Sample:
    """What task=sample draws, beside `text` and `num_samples`."""

    file: str | None = None  # captions, one a line; they come after those of `text`
    stages: bool = False  # a PNG of every stage, not of the last alone
    attention: bool = True  # where each word looks, of models that attend to words
    # Pictures on the way from each caption to the next, or from each seed to the next; null: none.
    between: str | None = _one_of(None, "sentence", "noise")
    interpolation: str = _one_of("linear", "spherical")
    steps: int = _least(2, 8)  # pictures of a way, both ends among them
    truncation: float | None = None  # scale of noise within two deviations; DF-GAN released 0.88
    # bf16, fp16 and the compiled generator draw faster; pictures differ by a few grey levels.
    precision: str = _one_of("fp32", "bf16", "auto", "fp16")
    compile: bool = False  # takes a minute, and pays for hundreds of pictures
    # Files whose style the captions take, for a run of model=style_encoder; or that are to sound,
    # or that clips start from.
    picture: Any = field(default=None, metadata=SEVERAL_TEXTS)
    # For a run that makes pictures of sounds: files, or folders of them.
    sound: Any = field(default=None, metadata=SEVERAL_TEXTS)
    # For a run that listens: recordings, or folders of them; and who says captions to it.
    speech: Any = field(default=None, metadata=SEVERAL_TEXTS)
    voice: str | None = None  # espeak/f3, flite/slt, ...


@dataclass
class Report:
    """What task=report shows of runs."""

    captions: int = _least(1, 6)  # of the sampled ones, drawn by every arm from the same noise
    resamples: int = _least(100, 2000)  # of the bootstrap
    confidence: float = 0.95


@dataclass
class Human:
    """What task=human_study asks people to rank or to mark."""

    captions: int = _least(1, 20)  # of `text` and sample.file, else of the test split
    pictures: int = _least(1, 1)  # of each caption and run, ranked as one; Zhang et al. 2017: 5
    form: str = _one_of("rank", "rate")  # the best first; or a mark for each, as Chen et al. 2017
    # One or a list; null: one that fits the form.
    question: Any = field(default=None, metadata=SEVERAL_TEXTS)
    most: int = _least(1, 3)  # the best mark of form=rate; the worst is 0
    real: bool | None = None  # the real ones beside; null: with form=rate, where they are there
    makes: str | None = _one_of(None, "picture", "sound")  # of runs that make both; null: the first
    hidden: bool = False  # task=human_rank: preferences of task=app without names alone


@dataclass
class Export:
    """Where task=export puts a model that other machines read."""

    folder: str | None = None  # null: `export` in the run folder
    licence: str = "unknown"  # of the weights, as their model card says it: cc-by-4.0, mit, ...
    hub: str | None = None  # owner/name of a Hugging Face repository to push to
    private: bool = True  # a repository that is made anew is for its owner's eyes
    parts: str = _one_of(
        "draws", "all", "own"
    )  # what draws; all, to train and score on; own: without packages' weights
    app: bool = False  # a folder that is a Hugging Face Space: the page of task=app with the export
    # Of your own data: what of people they have, for the card; null: not said.
    people: str | None = _one_of(None, "none", "voices", "faces", "both")


@dataclass
class Plan:
    """What task=plan assumes of machines that need not be here: H100s, where nothing is said."""

    gpus: list[int] = field(default_factory=lambda: [1, 8, 64])
    memory: float = 80.0  # GB (10^9 bytes) of one GPU
    headroom: float = 0.1  # share of it that workspaces, fragments and the driver take
    tflops: float | None = None  # dense, of one GPU; null: 989 in bf16, 495 in fp32 (TF32)
    utilisation: float = 0.3  # share of them that large products reach
    launch: float = 8.0  # microseconds that every operator takes at least
    machine: int = _least(1, 8)  # GPUs of one machine
    link: float = 450.0  # GB/s that one GPU sends within a machine
    network: float = 50.0  # GB/s that one GPU sends to other machines
    pictures: int | None = _least(2, None)  # of the data; null: counted, or as published
    words: int | None = _least(3, None)  # of the vocabulary; null: counted, or as published
    price: float | None = None  # of one GPU for an hour, in any money; null: no costs are told
    json: bool = False  # one JSON object instead of tables


@dataclass
class Clean:
    """What task=clean does with what it lists."""

    remove: bool = False  # false: it is only listed
    days: int = _least(0, 30)  # text features that were not used for so long may go


@dataclass
class App:
    """How task=app serves runs: to whom, and within which bounds."""

    window: bool = False  # a small window of Tk in place of the page
    host: str = "127.0.0.1"  # this machine alone; any other needs a password
    port: int = _least(0, 7860)  # 0: one that is free
    password: str | None = None  # of the environment: BIRDSONG_PASSWORD
    user: str = "birdsong"  # the name that goes with it
    browser: bool = True  # open the page
    pictures: int = _least(1, 8)  # of one request, at most
    models: int = _least(1, 4)  # in memory; those used longest ago leave first
    requests: int = _least(1, 128)  # answered at once, at most; an open page is one or two
    waiting: int = _least(1, 64)  # requests in the queue, at most
    patience: float = 30.0  # seconds that one waits for its turn
    letters: int = _least(1, 500)  # of a text
    megabytes: float = 20.0  # of an upload
    seconds: float = 30.0  # of a recording
    megapixels: float = 16.0  # of a picture
    memory: int = _least(1, 512)  # MiB of drawings that can still be opened; the oldest leave first
    gallery: int = _least(1, 2000)  # real pictures that are looked through, at most
    preferences: str | None = None  # a file of JSON lines; null: preferences.jsonl in paths.outputs
    voice: str | None = "espeak/f3"  # says typed captions to runs that listen; null: none
    recogniser: Any = None  # hears captions: conf/app/recogniser/


# What `task` can be; `launch/task.py` says who does each.
TASKS = (
    *("train", "evaluate", "report", "plan"),
    *("sample", "human_study", "human_rank", "export", "clean"),
    "app",
)
SEVERAL = ("report", "human_study", "app")  # tasks that read more than one run

OPTIONS = {
    "trainer": Trainer,
    "tracker": Tracker,
    "launch": Launch,
    "sample": Sample,
    "report": Report,
    "human": Human,
    "export": Export,
    "plan": Plan,
    "clean": Clean,
    "app": App,
}
