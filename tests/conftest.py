"""A data set of 32 small birds, and systems on it that train in milliseconds."""

from __future__ import annotations

import gc
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from experiments.data.reader.plumage import Plumage
from experiments.data.store.dataset import Dataset, open_dataset
from experiments.discriminator.attngan import AttnGANDiscriminator
from experiments.discriminator.reed import ReedDiscriminator
from experiments.discriminator.relation import RelationClassifier
from experiments.encoder.bilstm import BiLSTM
from experiments.encoder.cnn import CNN
from experiments.encoder.damsm import DAMSM
from experiments.generator.attngan import AttnGANGenerator
from experiments.generator.reed import ReedGenerator
from experiments.generator.stackgan import StackGANStage1, StackGANStage2
from experiments.generator.stackgan_v2 import StackGANv2Generator
from experiments.loss.adversarial import AdversarialLoss
from experiments.loss.class_aware import ClassAwareLoss
from experiments.loss.colour import ColourLoss
from experiments.loss.damsm import DAMSMLoss
from experiments.loss.joint import JointLoss
from experiments.loss.kl import KLLoss
from experiments.loss.matching_aware import MatchingAwareLoss
from experiments.loss.relation import RelationLoss
from experiments.machine.rank import Ranks
from experiments.optim.adam import Adam
from experiments.run.prerequisite import Run
from experiments.system.attngan import AttnGAN
from experiments.system.base import System
from experiments.system.gan_cls import GANCLS
from experiments.system.s2igan import S2IGAN
from experiments.system.speech_to_image import SpeechToImage
from experiments.system.stackgan import StackGAN
from experiments.system.stackgan_v2 import StackGANv2
from experiments.system.text_to_image import TextToImage
from experiments.trainer.assemble import open_batches
from experiments.trainer.training import Training
from tests import surrounding
from tests.forked import Ended, forked
from tests.two import surroundings

Together = Callable[..., list[Ended]]

# As for a user, also where the machine that tests says otherwise: what is compiled is kept, and
# what is composed with it. Processes that tests start inherit it.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_collection_finish() -> None:
    """What is loaded by now stays: to look for garbage among it again and again takes a tenth of
    the time of tests that compose command lines."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 50)


SIZE, DIM = 16, 8
CHROMIUM = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--window-size=1400,1000",
)
TRAINER = {
    "images": 32,
    "batch": 8,
    "accumulate": 1,
    "channels_last": None,
    "ema_halflife": 100,
    "ema_ramp": 0.1,
    "log_every": 8,
    "sample_every": 16,
    "evaluate_every": 16,
    "checkpoint_every": 16,
    "keep": 2,
    "sample_captions": 6,
    "sample_columns": 2,
    "nonfinite": "stop",
    "skips": 10,
    "rollbacks": 3,
    "collapse": None,
}


def open_birds(cache: Path, size: int = SIZE) -> Dataset:
    """20 pictures of 5 species to train on, 12 of 3 others to test on."""
    reader = Plumage(images_per_species=4, species=8, test_species=3)
    return replace(open_dataset(reader, size, cache, 12, quiet=True, workers=1), flip=False)


def tiny_encoder(birds: Dataset, seed: int = 0) -> DAMSM:
    """A DAMSM with random weights for the captions of the birds."""
    torch.manual_seed(seed)
    text = BiLSTM(len(birds.vocabulary), dim=DIM, embedding_dim=6)
    return DAMSM(text, CNN((4, 8), (2, 2), global_width=6), dim=DIM)


def tiny_attngan(
    birds: Dataset,
    norm: Any = "group",
    damsm: float = 5.0,
    kl: float = 1.0,
    adversarial: float = 1.0,
    **rest: Any,
) -> AttnGAN:
    """Two stages, 8 and 16 px; `damsm`, `kl` and `adversarial` are weights of losses. With group
    norm, the default, no sample depends on another."""
    encoder = tiny_encoder(birds)
    generator = AttnGANGenerator([8, 16], 4, 5, 6, DIM, residual_blocks=1, norm=norm)
    discriminator = AttnGANDiscriminator([8, 16], 2, DIM, norm=norm)
    losses = AdversarialLoss(adversarial), KLLoss(kl), DAMSMLoss(weight=damsm)
    rest = {"mismatch": "roll", "wrong": "caption"} | rest
    system = AttnGAN(encoder, generator, discriminator, *losses, **rest)
    system.initialise()
    return system.train()


def tiny_text_to_image(birds: Dataset, kind: str, **rest: Any) -> TextToImage:
    """`kind`: gan_cls or stackgan at 16 px, stackgan_stage2 at 4 x 8 px, stackgan_v2, s2igan and
    speech_to_image at 8 and 16; group norm. `rest` are arguments of the system."""
    encoder = tiny_encoder(birds)
    judge = ReedDiscriminator([SIZE], 4, DIM, 6, norm="group")
    sketch = StackGANStage1([SIZE], 8, 5, 6, DIM, norm="group")
    system: TextToImage
    if kind == "gan_cls":
        drawer = ReedGenerator([SIZE], 8, 5, DIM, 6, norm="group")
        system = GANCLS(encoder, drawer, judge, MatchingAwareLoss(), **rest)
    elif kind == "stackgan":
        system = StackGAN(encoder, sketch, judge, MatchingAwareLoss(), KLLoss(2.0), **rest)
    elif kind == "stackgan_stage2":
        first = StackGANStage1([8], 8, 5, 6, DIM, norm="group")
        refined = StackGANStage2(first, [8, 32], 8, 6, 1, norm="group")
        judge = ReedDiscriminator([32], 4, DIM, 6, norm="group")
        system = StackGAN(encoder, refined, judge, MatchingAwareLoss(), KLLoss(2.0), **rest)
    else:
        dense = kind == "s2igan"
        parts: dict[str, Any] = {
            "encoder": encoder,
            "generator": StackGANv2Generator([8, 16], 8, 5, 6, DIM, 1, norm="group", dense=dense),
            "discriminator": AttnGANDiscriminator([8, 16], 2, 6, norm="group"),
            "adversarial": JointLoss(),
            "kl": KLLoss(2.0),
            "colour": ColourLoss(1.0),
            "condition": "mu",
        }
        if kind == "s2igan":
            parts |= {"relation": RelationClassifier(DIM, 4), "supervision": RelationLoss()}
            system = S2IGAN(**parts | rest)
        elif kind == "speech_to_image":
            system = SpeechToImage(**parts | {"class_aware": ClassAwareLoss()} | rest)
        else:
            system = StackGANv2(**parts | rest)
    system.initialise()
    return system.train()


def tiny_training(
    birds: Dataset,
    folder: Path,
    system: System,
    settings: dict[str, Any] | None = None,
    **trainer: Any,
) -> Training:
    """Training on a CPU, all learning rates 1e-3; further keywords are options of the trainer."""
    options = TRAINER | trainer
    run = Run({"seed": 0, "trainer": options}, {"model": "a", "data": "b"}, folder, "0", {}, [])
    ranks, size = Ranks("cpu"), system.resolutions[-1]
    if size > SIZE:
        birds = open_birds(birds.folder.parents[1], size)
    batches = open_batches({"seed": 0, "trainer": options}, system, birds, ranks)
    settings = settings or {phase.name: Adam(1e-3, (0.5, 0.999)) for phase in system.phases()}
    return Training(run, ranks, system, batches, settings, torch.float32)


@pytest.fixture(scope="session")
def birds(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return open_birds(tmp_path_factory.mktemp("cache"))


@pytest.fixture
def make_encoder(birds: Dataset) -> Callable[..., DAMSM]:
    """`make_encoder(seed)`, see `tiny_encoder`."""
    return partial(tiny_encoder, birds)


@pytest.fixture
def make_attngan(birds: Dataset) -> Callable[..., AttnGAN]:
    """`make_attngan(norm=, damsm=, kl=, adversarial=, **rest)`, see `tiny_attngan`."""
    return partial(tiny_attngan, birds)


@pytest.fixture
def make_system(birds: Dataset) -> Callable[..., TextToImage]:
    """`make_system(kind, **rest)`, see `tiny_text_to_image`."""
    return partial(tiny_text_to_image, birds)


@pytest.fixture
def make_training(birds: Dataset, tmp_path: Path) -> Callable[..., Training]:
    """`make_training(system, settings, **trainer)`, see `tiny_training`."""
    return partial(tiny_training, birds, tmp_path / "run")


@pytest.fixture(scope="session")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Starts real command lines: the `Commands` of `tests/integration/conftest.py`."""
    from tests.integration.conftest import Commands

    made = Commands(tmp_path_factory.mktemp("commands"))
    yield made
    assert made.forge.stdin
    made.forge.stdin.close()
    made.forge.wait(60)


@pytest.fixture(scope="session")
def together(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Together]:
    """`together(code, *arguments)`: Python by two processes of one job at once."""
    loaded = (
        "import torch, torch._dynamo\n"
        "import experiments.trainer.perform, tests.conftest, tests.data.films, tests.data.melodies"
    )
    with forked(tmp_path_factory.mktemp("forked"), loaded) as made:

        def together(code: str, *arguments: object) -> list[Ended]:
            return made.together(code, *map(str, arguments), envs=surroundings())

        yield together


@pytest.fixture(scope="session")
def core_environment() -> Path:
    """The Python of a real environment without any extra: for tests marked slow."""
    return surrounding.core_environment()


@contextmanager
def chromium(folder: Path, *arguments: str) -> Iterator[Any]:
    """Chromium without a screen, which puts downloads into `folder/saved`."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="needs selenium")
    programs = [shutil.which(name) for name in ("chromium", "chromedriver")]
    if None in programs:
        pytest.skip("needs chromium and chromedriver")
    options = webdriver.ChromeOptions()
    options.binary_location = programs[0]
    for argument in [*CHROMIUM, *arguments, f"--user-data-dir={folder / 'user'}"]:
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(programs[1]))
    saved = {"behavior": "allow", "downloadPath": str(folder / "saved")}
    driver.execute_cdp_cmd("Browser.setDownloadBehavior", saved)
    yield driver
    driver.quit()


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Any]:
    with chromium(tmp_path) as driver:
        yield driver
