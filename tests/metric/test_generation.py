from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from experiments.data.augment import to_uint8
from experiments.data.store.dataset import Dataset
from experiments.data.store.recordings import Recordings
from experiments.data.view.caption import CAPTION, Captions
from experiments.data.view.picture import PICTURE
from experiments.encoder.char_cnn_rnn import CharCNNRNN
from experiments.encoder.classifier import Classifier, FineTuned
from experiments.encoder.cnn import CNN
from experiments.encoder.damsm import DAMSM
from experiments.encoder.joint_embedding import JointEmbedding
from experiments.file.array import save_arrays
from experiments.machine.rank import Ranks
from experiments.metric.extractor import Extracted, NetworkExtractor, hash_weights
from experiments.metric.generation import REPEATED, REPEATS, GenerationScores
from experiments.metric.names import label
from experiments.metric.r_precision import r_precision
from experiments.metric.ranking import average_precision
from experiments.metric.real import captions_for, real_images
from experiments.system.attngan import AttnGAN
from experiments.system.base import Samples

COUNT = 12  # the test pictures
CPU = torch.device("cpu")


def trunk() -> CNN:
    torch.manual_seed(1)
    return CNN((4, 8), (2, 2), global_width=6)


class Counting(NetworkExtractor):
    """Extracts, and counts the pictures that it was shown."""

    def __init__(self, classes: int = 4) -> None:
        super().__init__(Classifier(trunk(), num_classes=classes), "tiny")
        self.shown = 0

    def extract(self, pixels: Tensor) -> Extracted:
        self.shown += len(pixels)
        return super().extract(pixels)


class Knowing(Classifier):
    """Recognises each test picture, and knows what it shows."""

    def __init__(self, birds: Dataset) -> None:
        sizes = {name: len(values) for name, values in birds.attribute_values.items()}
        super().__init__(trunk(), sizes)
        self.split = birds.test

    def read(self, images: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        pixels = torch.tensor(self.split.images).permute(0, 3, 1, 2).flatten(1).float()
        rows = torch.cdist(to_uint8(images).flatten(1).float(), pixels).argmin(1)
        values = torch.from_numpy(self.split.attributes)[rows].unbind(1)
        logits = {
            name: nn.functional.one_hot(value, self.sizes[name]).float()
            for name, value in zip(self.sizes, values, strict=True)
        }
        return pixels[rows], logits


class Oracle(nn.Module):
    """In place of a generator: the real picture of the image that the caption was written for, or
    of the one `shift` places further."""

    resolutions = (8, 16)

    def __init__(self, birds: Dataset, encoder: DAMSM, samples: int, shift: int = 0) -> None:
        super().__init__()
        self.encoder, self.split, self.shift = encoder, birds.test, shift
        self.rows = captions_for(birds.test, samples, 0)

    def sample(self, asked: dict[str, Captions], seeds: list[int]) -> Samples:
        tokens, lengths = asked[CAPTION].tokens, asked[CAPTION].lengths
        places = [s if s < len(self.rows) else (s - len(self.rows)) // REPEATS for s in seeds]
        rows = self.rows[places]
        assert np.array_equal(tokens, self.split.tokens[rows])
        assert np.array_equal(lengths, self.split.lengths[rows])
        images = (self.split.caption_image[rows] + self.shift) % len(self.split)
        return Samples({PICTURE: [real_images(self.split, images, 16, CPU)]})


@pytest.fixture
def score(birds: Dataset) -> Callable[..., tuple[dict[str, float], dict[str, str]]]:
    """`score(system, **options)`, with nothing in the cache of real pictures."""

    def make(system: Any, **options: Any) -> tuple[dict[str, float], dict[str, str]]:
        options = {"samples": COUNT, "candidates": 9, "splits": 2} | options
        scorer = GenerationScores(options.pop("extractor", None) or Counting(), **options)
        result = scorer(system, birds, Ranks("cpu"))
        return result.scores, result.skipped

    for file in (birds.folder / "scores").glob("*"):
        file.unlink()
    return make


def test_real_pictures_of_the_right_captions_score_as_real_ones(
    birds: Dataset, make_encoder: Callable[..., DAMSM], score: Callable[..., Any]
) -> None:
    encoder, other = make_encoder(0).freeze(), make_encoder(1)
    scores, skipped = score(
        Oracle(birds, encoder, COUNT), independent=other, classifier=Knowing(birds)
    )
    assert not skipped
    for extractor in ("tiny", "classifier"):
        assert scores[f"frechet/{extractor}"] == pytest.approx(0, abs=1e-3)
        assert scores[f"diversity/{extractor}"] == pytest.approx(0, abs=1e-6)
        assert scores[f"diversity/{extractor}/real"] > 1e-3
        name = f"inception_score/{extractor}"
        assert scores[name] == pytest.approx(scores[f"{name}/real"])
    for name in ("r_precision/damsm", "r_precision/independent"):
        assert scores[name] == scores[f"{name}/real"]
        assert scores[f"{name}/candidates"] == 9  # there are eight of other classes
    for name in birds.attribute_values:
        if f"attribute_accuracy/{name}" in scores:
            assert scores[f"attribute_accuracy/{name}"] == 1
            assert scores[f"attribute_accuracy/{name}/real"] == 1
    assert scores["attribute_accuracy/colour"] == scores["attribute_accuracy/mean"] == 1


def test_each_encoder_reads_captions_its_own_way(
    birds: Dataset, make_encoder: Callable[..., DAMSM], score: Callable[..., Any]
) -> None:
    """A system that reads words, and a judge that reads letters."""
    torch.manual_seed(2)
    judge = JointEmbedding(CharCNNRNN(6, width=8), trunk(), 6)
    for parameter in judge.text.parameters():
        nn.init.uniform_(parameter, -0.5, 0.5)
    scores, _ = score(Oracle(birds, make_encoder().freeze(), COUNT), independent=judge)
    rows = captions_for(birds.test, COUNT, 0)
    tokens, lengths = birds.test.read_as("characters").read(rows)
    images = birds.test.caption_image[rows]
    with torch.no_grad():
        sentences = judge.encode_text(torch.from_numpy(tokens), torch.from_numpy(lengths))[1]
        vectors = judge.encode_image(real_images(birds.test, images, 16, CPU))[1]
    labels = torch.from_numpy(birds.test.labels[images])
    expected = r_precision(vectors, sentences, labels, 9)
    assert scores["r_precision/independent"] == expected.mean
    assert scores["r_precision/independent/std"] == expected.std


def test_real_pictures_of_other_captions_do_not(
    birds: Dataset, make_encoder: Callable[..., DAMSM], score: Callable[..., Any]
) -> None:
    """Four places further stands a picture of another species; as a set they are the same."""
    system = Oracle(birds, make_encoder().freeze(), COUNT, shift=4)
    scores, _ = score(system, classifier=Knowing(birds))
    assert scores["frechet/tiny"] == pytest.approx(0, abs=1e-3)
    assert scores["attribute_accuracy/colour"] < 0.5
    assert scores["attribute_accuracy/colour/real"] == 1


def test_real_pictures_find_what_was_drawn_for_their_captions(
    birds: Dataset, make_encoder: Callable[..., DAMSM], score: Callable[..., Any]
) -> None:
    """The real picture itself is what is drawn, or one of another species. Other scores stay as
    they are, and so does what is kept of real pictures."""
    encoder = make_encoder().freeze()
    plain, _ = score(Oracle(birds, encoder, COUNT))
    kept = sorted((birds.folder / "scores").iterdir())
    own, _ = score(Oracle(birds, encoder, COUNT), retrieval=True)
    assert sorted((birds.folder / "scores").iterdir()) == kept
    assert plain == {name: value for name, value in own.items() if not name.startswith("map/")}
    other, _ = score(Oracle(birds, encoder, COUNT, shift=4), retrieval=True)
    assert own["map/tiny"] > max(other["map/tiny"], own["map/tiny/real"])
    assert own["map/tiny/real"] == other["map/tiny/real"]
    each = replace(birds.test, labels=np.arange(COUNT))
    without = replace(birds, test=each)
    scorer = GenerationScores(Counting(), samples=COUNT, splits=2, retrieval=True)
    found = scorer(Oracle(without, encoder, COUNT), without, Ranks("cpu"))
    assert found.scores["recall_at_1/tiny"] == 1 > found.scores["recall_at_1/tiny/chance"]
    assert found.scores["recall_at_1/tiny/chance"] == pytest.approx(1 / COUNT)
    assert not [name for name in found.scores if name.startswith("map/")]
    assert found.samples.columns["recall_at_1/tiny"].tolist() == [1.0] * COUNT
    assert "at most 5000" in found.protocol.extra["real pictures that look for generated ones"]


def test_some_real_pictures_of_each_class_look_as_published(
    birds: Dataset, make_encoder: Callable[..., DAMSM], score: Callable[..., Any]
) -> None:
    """Two of each of three classes, in the ten captions of each: twenty of sixty are right."""
    samples = len(birds.test.caption_image)
    system = Oracle(birds, make_encoder().freeze(), samples)
    scores, _ = score(system, samples=samples, retrieval=True, queries=2)
    each = samples // COUNT
    chance = average_precision(
        torch.zeros(1, 6 * each), torch.arange(6 * each)[None] < 2 * each
    ).item()
    assert scores["map/tiny/chance"] == pytest.approx(chance)


def test_a_classifier_of_classes_reads_no_attributes(
    birds: Dataset, make_encoder: Callable[..., DAMSM], score: Callable[..., Any]
) -> None:
    system = Oracle(birds, make_encoder().freeze(), COUNT)
    scores, skipped = score(system, classifier=Classifier(trunk(), num_classes=8))
    assert "frechet/classifier" in scores and "inception_score/classifier" in scores
    assert not any("attribute" in name for name in scores)
    assert "attribute_accuracy" in skipped and "r_precision/independent" in skipped


class Seen(FineTuned):
    """Is sure of the class of each test picture, and surer still of one that is no test class."""

    def __init__(self, birds: Dataset) -> None:
        super().__init__(trunk(), class_count=8)
        self.split = birds.test

    def read(self, images: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        pixels = torch.tensor(self.split.images).permute(0, 3, 1, 2).flatten(1).float()
        rows = torch.cdist(to_uint8(images).flatten(1).float(), pixels).argmin(1)
        logits = 50 * nn.functional.one_hot(torch.from_numpy(self.split.labels)[rows], 8).float()
        trained = next(k for k in range(8) if k not in self.split.labels)
        logits[:, trained] = 100
        return pixels[rows], {"class": logits}


def test_the_classes_of_the_test_split_and_no_others_make_the_finetuned_score(
    birds: Dataset, make_encoder: Callable[..., DAMSM], score: Callable[..., Any]
) -> None:
    system = Oracle(birds, make_encoder().freeze(), COUNT)
    scores, skipped = score(system, finetuned=Seen(birds), splits=1)
    # Each picture has a certain class: the score is the perplexity of their shares.
    shares = np.bincount(birds.test.labels[birds.test.caption_image[system.rows]]) / COUNT
    expected = np.exp(-sum(p * np.log(p) for p in shares if p))
    assert scores["inception_score/finetuned"] == pytest.approx(expected, rel=1e-5)
    assert scores["inception_score/finetuned/real"] == pytest.approx(expected, rel=1e-5)
    assert not any("finetuned" in name for name in {*skipped, *scores} if "inception" not in name)
    protocol = GenerationScores(Counting(), finetuned=Seen(birds), samples=COUNT)(
        system, birds, Ranks("cpu")
    ).protocol
    assert protocol.extra == {"finetuned": "has seen the pictures of the test split"}
    assert label("inception_score/finetuned/real").startswith("class score (fine-tuned on the test")


def test_attributes_are_found_by_name(
    birds: Dataset, make_encoder: Callable[..., DAMSM], score: Callable[..., Any]
) -> None:
    """Heads in another order, and one more."""
    knowing = Knowing(birds)

    class Reversed(Knowing):
        def read(self, images: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
            features, logits = knowing.read(images)
            return features, {"class": torch.zeros(len(images), 8), **dict([*logits.items()][::-1])}

    system = Oracle(birds, make_encoder().freeze(), COUNT)
    scores, _ = score(system, classifier=Reversed(birds))
    assert scores["attribute_accuracy/mean"] == scores["attribute_accuracy/mean/real"] == 1


def test_more_samples_than_pictures_take_further_captions(
    birds: Dataset, make_encoder: Callable[..., DAMSM], score: Callable[..., Any]
) -> None:
    extractor = Counting()
    scores, _ = score(
        Oracle(birds, make_encoder().freeze(), 30),
        extractor=extractor,
        samples=30,
        classifier=Knowing(birds),
    )
    assert extractor.shown == COUNT + 30 + REPEATED * REPEATS
    assert scores["attribute_accuracy/mean"] == 1


def test_a_generator_from_end_to_end(
    birds: Dataset, make_attngan: Callable[..., AttnGAN], score: Callable[..., Any]
) -> None:
    system = make_attngan().eval()
    first, second = score(system)[0], score(system)[0]
    assert first == second
    assert first["diversity/tiny"] > 1e-4 and first["frechet/tiny"] > 1e-4
    assert not system.training


def files(birds: Dataset) -> list[Path]:
    return sorted((birds.folder / "scores").glob("*.npz"))


def test_real_pictures_are_looked_at_once(
    birds: Dataset, make_encoder: Callable[..., DAMSM], score: Callable[..., Any]
) -> None:
    system, drawn = Oracle(birds, make_encoder().freeze(), COUNT), COUNT + REPEATED * REPEATS
    extractor = Counting()
    scorer = GenerationScores(extractor, samples=COUNT, splits=2)
    first = scorer(system, birds, Ranks("cpu"))
    assert extractor.shown == COUNT + drawn and len(files(birds)) == 1
    assert scorer(system, birds, Ranks("cpu")) == first
    assert extractor.shown == COUNT + 2 * drawn
    # Another process finds them on disk.
    again = Counting()
    scores, _ = score(system, extractor=again)
    assert again.shown == drawn and scores == first.scores
    # A torn file, and one of something else, are looked past and replaced.
    (file,) = files(birds)
    whole = file.read_bytes()
    other = birds.folder / "other.npz"
    save_arrays(other, {"labels": np.zeros(3)})
    for content in (whole[:100], other.read_bytes()):
        file.write_bytes(content)
        again = Counting()
        scorer = GenerationScores(again, samples=COUNT, candidates=9, splits=2)
        assert scorer(system, birds, Ranks("cpu")).scores == scores
        assert again.shown == COUNT + drawn and file.read_bytes() == whole
    other.unlink()


def test_what_other_voices_said_is_not_taken_for_the_same(
    birds: Dataset, make_encoder: Callable[..., DAMSM], score: Callable[..., Any]
) -> None:
    """The captions and the encoder are the same, and its vectors of recordings are others."""
    count = len(birds.test.caption_image)
    frames, ends = np.zeros((count, 2), np.float16), np.arange(count)
    system = Oracle(birds, make_encoder().freeze(), COUNT)
    for made in ("espeak/f1", "espeak/m1"):
        recordings = Recordings(
            frames, ends, np.ones(count, np.int64), np.zeros(count, np.int64), made
        )
        heard = replace(birds, test=replace(birds.test, recordings=recordings))
        GenerationScores(Counting(), samples=COUNT, splits=2)(system, heard, Ranks("cpu"))
    assert len(list((birds.folder / "scores").iterdir())) == 2


def test_other_weights_or_captions_are_looked_at_anew(
    birds: Dataset, make_encoder: Callable[..., DAMSM], score: Callable[..., Any]
) -> None:
    score(Oracle(birds, make_encoder(0).freeze(), COUNT))
    score(Oracle(birds, make_encoder(1).freeze(), COUNT))
    score(Oracle(birds, make_encoder(0).freeze(), COUNT), extractor=Counting(classes=5))
    score(Oracle(birds, make_encoder(0).freeze(), 10), samples=10)
    assert len(files(birds)) == 4
    score(Oracle(birds, make_encoder(0).freeze(), COUNT))
    assert len(files(birds)) == 4


def test_the_protocol_says_what_was_done(
    birds: Dataset, make_encoder: Callable[..., DAMSM]
) -> None:
    encoder, extractor = make_encoder().freeze(), Counting()
    classifier = Knowing(birds)
    scorer = GenerationScores(extractor, classifier=classifier, samples=20, splits=2)
    protocol = scorer(Oracle(birds, encoder, 20), birds, Ranks("cpu")).protocol
    assert (protocol.n_real, protocol.n_fake, protocol.captions_per_image) == (12, 20, 2)
    assert protocol.crop == "central 16 of 16 px" and protocol.split == "test"
    assert protocol.resize == {"tiny": "none", "classifier": "none"}
    assert protocol.weights == {
        "tiny": extractor.weights,
        "classifier": hash_weights(classifier),
        "damsm": hash_weights(encoder),
    }


def test_without_an_extractor_the_classifier_alone_measures_distances(
    birds: Dataset, make_encoder: Callable[..., DAMSM]
) -> None:
    """As where the discriminator sees by the extractor's network (Projected GAN)."""
    encoder = make_encoder(0).freeze()
    scorer = GenerationScores(None, classifier=Knowing(birds), samples=20, candidates=9, splits=2)
    result = scorer(Oracle(birds, encoder, 20), birds, Ranks("cpu"))
    distances = {name for name in result.scores if name.startswith(("frechet/", "kernel/"))}
    assert distances and all("/classifier" in name for name in distances)
    assert result.protocol.resize == {"classifier": "none"}


@pytest.mark.parametrize("diverged", [1, COUNT + REPEATED * REPEATS])
def test_pictures_of_a_generator_that_diverged_are_no_black_pictures(
    diverged: int, birds: Dataset, make_encoder: Callable[..., DAMSM]
) -> None:
    """Each score of them says why it has no value; those of real pictures have one."""
    encoder = make_encoder(0).freeze()
    oracle = Oracle(birds, encoder, COUNT)

    class Diverged(Oracle):
        def sample(self, asked: dict[str, Captions], seeds: list[int]) -> Samples:
            (images,) = oracle.sample(asked, seeds).made[PICTURE]
            images[torch.tensor(seeds) < diverged] = torch.nan
            return Samples({PICTURE: [images]})

    scorer = GenerationScores(
        Counting(), classifier=Knowing(birds), samples=COUNT, candidates=9, splits=2
    )
    result = scorer(Diverged(birds, encoder, COUNT), birds, Ranks("cpu"))
    for name in ("frechet/tiny", "kernel/tiny", "inception_score/tiny", "r_precision/damsm"):
        assert name not in result.scores and name in result.undefined
        assert "NaN" in result.skipped[name] and f"{name}/real" in result.scores
    shares = [v for n, v in result.scores.items() if n.endswith("accuracy/mean")]
    assert shares == [0.0 if diverged > 1 else pytest.approx(1 - 1 / COUNT, abs=0.1)]
    assert all(np.isfinite(value) for value in result.scores.values())
