"""How well a voice tells a face: Speech2Face's scores (Oh et al. 2019, section 4).

Features told from the voice beside those of the face; whether they find the face among others; and
what a classifier reads in the pictures that are decoded of both.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from experiments.data.store.dataset import Dataset
from experiments.data.view.landmark import Landmarks, LandmarkView
from experiments.encoder.classifier import Classifier
from experiments.encoder.speech2face import Speech2Face
from experiments.machine.rank import Ranks
from experiments.metric.decoded import SHOWN, protocol_of, reading_of
from experiments.metric.embedding import evaluating
from experiments.metric.landmark import LandmarkScores
from experiments.metric.ranking import DECIMALS, cosines, recall_at
from experiments.metric.real import at_once, real_images, require_some
from experiments.metric.result import Result, Scored
from experiments.metric.rows import Rows, RowScore, looked_at, require
from experiments.terminal.error import UserError

Gallery = Literal["class", "record"]
Distance = Literal["cosine", "l1", "l2"]
FOUND = (1, 2, 5, 10)  # of the nearest, among which the true face is to be
CHUNK = 512
AGREED, DECODED = "attribute_agreement", "attribute_decoded"


class FaceTold(RowScore):
    """Features of faces and those told from voices, (n, D) each, with the class of each record.

    `compute` says how far a voice is from its own face, and from that of another class; `recall`
    how often a voice finds its face. Both raise `UserError` where there are too few, and for values
    that are not finite.
    """

    kept = ("faces", "voices", "labels")

    def __init__(
        self, gallery: Gallery = "class", distance: Distance = "cosine", **options: Any
    ) -> None:
        """`gallery`: faces that are looked through: the first of each class, where any voice of the
        class is to find it; or those of all records, where a voice is to find its own record's."""
        super().__init__(**options)
        assert gallery in get_args(Gallery), f"gallery={gallery}: class or record"
        assert distance in get_args(Distance), f"distance={distance}: cosine, l1 or l2"
        self.gallery, self.distance = gallery, distance

    def update(self, faces: Tensor, voices: Tensor, labels: Tensor) -> None:
        """(B, D) each, row i of one record; labels (B,)."""
        self.keep(faces, voices, labels)

    def compute(self) -> dict[str, float]:
        """Means by name: `feature_cosine`, and `feature_l1`, `feature_l2`, norms of the difference;
        with "/chance" of the face of another record, of another class where there is one."""
        faces, voices, labels = self._rows()
        found: dict[str, float] = {}
        for suffix, others in (("", faces), ("/chance", faces[strangers(labels)])):
            apart = (others - voices).double()
            near = F.cosine_similarity(others.double(), voices.double(), dim=1)
            found[f"feature_cosine{suffix}"] = near.mean().item()
            found[f"feature_l1{suffix}"] = apart.abs().sum(1).mean().item()
            found[f"feature_l2{suffix}"] = apart.square().sum(1).sqrt().mean().item()
        return found

    def recall(self, of: Literal["voices", "faces"] = "voices") -> dict[int, tuple[float, float]]:
        """By K, of those that leave some faces out: the share of voices, or of faces that are not
        looked through, that find what they should among the K nearest, and chance."""
        faces, voices, labels = self._rows()
        rows = torch.arange(len(labels))
        places = first_of_each(labels) if self.gallery == "class" else rows
        counts = [count for count in FOUND if count < len(places)]
        if not counts:
            raise UserError(f"{len(places)} faces: too few to look for one")
        asking = rows if of == "voices" else rows[~torch.isin(rows, places)]
        queries = (voices if of == "voices" else faces)[asking]
        if not len(asking):
            raise UserError("every face is looked through, and none is left to ask")
        # What is right for row i of a gallery: its class, or itself.
        names = labels if self.gallery == "class" else rows
        hits = []
        for part in torch.arange(len(asking)).split(CHUNK):
            own = names[asking[part], None] == names[places][None]
            hits.append(recall_at(self.nearness(queries[part], faces[places]), own, counts))
        shares = torch.cat(hits).mean(0).tolist()
        chances = [count / len(places) for count in counts]
        return dict(zip(counts, zip(shares, chances, strict=True), strict=True))

    def nearness(self, queries: Tensor, gallery: Tensor) -> Tensor:
        """(q, n) float64, larger is nearer."""
        if self.distance == "cosine":
            return cosines(queries, gallery)
        norm = 1.0 if self.distance == "l1" else 2.0
        return -torch.cdist(queries.double(), gallery.double(), p=norm).round(decimals=DECIMALS)

    def _rows(self) -> list[Tensor]:
        faces, voices, labels = self.rows()
        require(2, {"faces": faces, "voices": voices})
        return [faces, voices, labels]


def first_of_each(labels: Tensor) -> Tensor:
    """Of labels (n,) the rows where each class stands first, in order."""
    _, inverse = labels.unique(return_inverse=True)
    first = torch.full((int(inverse.max()) + 1,), len(labels), dtype=torch.int64)
    first.scatter_reduce_(0, inverse, torch.arange(len(labels)), "amin")
    return first.sort().values


def strangers(labels: Tensor) -> Tensor:
    """For each of labels (n,) a row of another class, the same for the same labels: the one half of
    all rows further on in the order of classes, or the next after it that is of another class; of
    one class alone just another row."""
    order = labels.argsort(stable=True)
    count, place = len(labels), torch.empty_like(order)
    place[order] = torch.arange(len(labels))
    found = order[(place + count // 2) % count]
    for step in range(1, count):
        same = labels[found] == labels
        if not same.any():
            break
        further = order[(place + count // 2 + step) % count]
        found = torch.where(same & (labels[further] != labels), further, found)
    return found


class Speech2FaceScores:
    """`feature_cosine`, `feature_l1`, `feature_l2`, `recall_at_<K>` of `speech2face`; of what a
    classifier reads in pictures decoded from voices `attribute_accuracy/<attribute>` and, beside
    those decoded from the faces, `attribute_agreement/<attribute>`."""

    def __init__(
        self,
        classifier: Classifier | None = None,
        samples: int = 1000,
        gallery: Gallery = "class",
        distance: Distance = "cosine",
        landmarks: str | None = None,
    ) -> None:
        """`classifier`: reads attributes, where the data know them. `samples`: records at most.
        `landmarks`: the file of the points of faces, where the decoder has points. The others are
        those of `FaceTold`."""
        self.classifier = None if classifier is None else classifier.requires_grad_(False).eval()
        self.samples, self.gallery, self.distance = samples, gallery, distance
        self.landmarks = landmarks
        FaceTold(gallery, distance)

    @torch.inference_mode()
    def __call__(self, system: Any, dataset: Dataset, ranks: Ranks) -> Result:
        split, encoder, size = dataset.test, system.encoder, system.resolutions[-1]
        assert isinstance(encoder, Speech2Face)
        require_some(split)
        order = np.sort(np.random.default_rng(0).permutation(len(split))[: self.samples])
        told, device = FaceTold(self.gallery, self.distance), ranks.device
        reading = reading_of(self.classifier, dataset, ranks, heard=True)
        sounds = system.views()[0].open(dataset, split, device)
        points = self._points(encoder, size)
        places_of = None if points is None else points.open(dataset, split, device)

        def look(places: np.ndarray) -> Rows:
            rows = order[places]
            images = real_images(split, rows, size, device)
            faces = encoder.face.features(images)
            voices = encoder.voice(sounds.real(rows, device).values).float()
            found = {
                "faces": faces,
                "voices": voices,
                "labels": torch.from_numpy(split.labels[rows]).to(device),
            }
            told_face, own_face = (encoder.face.decode(vector) for vector in (voices, faces))
            if places_of is not None:
                found["told_points"], found["own_points"] = told_face.points, own_face.points
                landmarks = places_of.real(rows, device)
                assert isinstance(landmarks, Landmarks)
                found["true_points"] = landmarks.points
            if reading is not None:
                decoded = told_face.picture, own_face.picture
                pictures = dict(zip(("voice", "face", "real"), (*decoded, images), strict=True))
                found |= {name: reading.read(shown) for name, shown in pictures.items()}
                found["stated"] = reading.stated(split, rows).to(device)
            return found

        read, shape = ReadRows(), LandmarkScores()
        with evaluating(encoder):
            for rows in looked_at(len(order), at_once(size), ranks, look):
                told.update(rows["faces"], rows["voices"], rows["labels"])
                if reading is not None:
                    read.update(*(rows[name] for name in ReadRows.kept))
                if places_of is not None:
                    shape.update(*(rows[f"{name}_points"] for name in ("told", "own", "true")))
        found = Scored()
        self._tell_features(found, told)
        if reading is None:
            found.skipped[SHOWN] = "nothing reads attributes: the data know none"
        else:
            voice, face, real, stated = read.rows()
            reading.tell(found, SHOWN, voice, stated)
            reading.tell(found, SHOWN, real, stated, "/real")
            reading.tell(found, DECODED, face, stated)
            reading.tell(found, AGREED, voice, face)
        if places_of is not None:
            for key, value in (found.attempt("landmark_error", shape.compute) or {}).items():
                found.scores[_named(key)] = value
        protocol = protocol_of(encoder, dataset, len(order), size, self.classifier)
        protocol.extra["faces that are looked through"] = (
            "one of each class" if self.gallery == "class" else "one of each record"
        )
        protocol.extra["nearness"] = self.distance
        protocol.extra["sound"] = f"{encoder.excerpt.seconds:g} s"
        return found.result(protocol)

    def _points(self, encoder: Speech2Face, size: int) -> LandmarkView | None:
        count = encoder.face.decoder.points
        if self.landmarks is None:
            return None
        if count is None:
            raise UserError(
                "metric.landmarks: this face decoder has no points; train one with encoder.points "
                "and system.landmarks"
            )
        return LandmarkView(self.landmarks, count, size)

    def _tell_features(self, found: Scored, told: FaceTold) -> None:
        name = Speech2Face.name
        if (means := found.attempt(f"feature_cosine/{name}", told.compute)) is not None:
            found.scores |= {_named(key): value for key, value in means.items()}
        if (shares := found.attempt(f"recall_at_k/{name}", told.recall)) is not None:
            for count, (share, chance) in shares.items():
                found.scores[f"recall_at_{count}/{name}"] = share
                found.scores[f"recall_at_{count}/{name}/chance"] = chance
        if self.gallery == "class":
            real = found.attempt(f"recall_at_k/{name}/real", lambda: told.recall("faces"))
            for count, (share, _) in (real or {}).items():
                found.scores[f"recall_at_{count}/{name}/real"] = share


def _named(key: str) -> str:
    """feature_l1/chance as feature_l1/speech2face/chance."""
    score, _, suffix = key.partition("/")
    return "/".join(filter(None, (score, Speech2Face.name, suffix)))


class ReadRows(RowScore):
    """What is read in pictures decoded from voices and from faces, in real ones, and what is true:
    (n, A) int64 each."""

    kept = ("voice", "face", "real", "stated")

    def update(self, *rows: Tensor) -> None:
        """A batch of each of `kept`."""
        self.keep(*rows)

    def compute(self) -> None:
        """Nothing: `Reading` makes scores of the rows."""
