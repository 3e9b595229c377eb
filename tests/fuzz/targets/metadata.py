"""Metadata of data sets: pickles, tables, annotations, lists, captions, vocabularies."""

from __future__ import annotations

import io
import json
import pickle

import numpy as np

from experiments.data.layout.caption_files import clean_captions, read_captions
from experiments.data.layout.coco_annotations import read_annotations
from experiments.data.layout.cub_metadata import (
    native_entries,
    numbered_lines,
    pickled_entries,
    read_boxes,
    read_test_classes,
)
from experiments.data.layout.entry import Entry
from experiments.data.layout.flickr8k import read_captions as read_tokens
from experiments.data.layout.folder_metadata import read_metadata
from experiments.data.layout.npy import count_of, frames_of
from experiments.data.layout.pickle_lists import PickledCaptions, pickled_words
from experiments.data.layout.pickles import load_pickle
from experiments.data.layout.spoken_lists import read_list
from experiments.data.layout.voxceleb1_people import Person, add_labels, read_people
from experiments.data.record import Drop
from experiments.data.text.vocabulary import Vocabulary
from tests.fuzz.target import Target, put, scratch, told


def _drops(drops: list[Drop]) -> None:
    for drop in drops:
        assert drop.key and drop.reason and drop.reason.isprintable(), drop


def _pickle(content: bytes) -> None:
    path = put("captions.pickle", content)
    with told():
        load_pickle(path)
    with told():
        pickled_words(path)
    with told():
        said = PickledCaptions(path, {"train": 1, "test": 1}).at("train", 0)
        clean_captions(said, "key", [])


def _pickles() -> list[bytes]:
    table = {0: "<end>", 1: "red", 2: "bird"}
    captions = [[[1, 2]] * 10, [[2]] * 10, table, {word: k for k, word in table.items()}]
    values = [captions, ["001.a/b_1", "002.c/d_2"], [1, 2], {"a": (1.5, None, b"x", True)}]
    return [pickle.dumps(value, protocol) for value in values for protocol in (0, 2, 4)]


def _names(content: bytes) -> None:
    for split in ("train", "test"):
        for name in ("filenames", "class_info"):
            put(f"pickles/{split}/{name}.pickle", content)
    with told():
        for entry in pickled_entries(scratch() / "pickles", scratch() / "nothing"):
            assert entry is not None


def _listed(name: str) -> Target:
    def run(content: bytes) -> None:
        drops: list[Drop] = []
        put(f"listed/{name}", content)
        with told():
            for image, listed in read_metadata(scratch() / "listed", name, drops).items():
                assert image == listed.image
        _drops(drops)

    rows = [
        {"file_name": "owl.jpg", "text": "a brown owl", "label": "owl", "split": "train"},
        {"file_name": "a/b.jpg", "captions": ["one", "two"], "class": 3},
    ]
    lines = "\n".join(map(json.dumps, rows)).encode()
    table = b'file_name,text,label\r\nowl.jpg,"a, b",x\r\nb.jpg,"c\nd",y\r\n'
    seeds = [lines] if name.endswith("jsonl") else [table, table.replace(b"\r", b"")]
    return Target(f"folder_{name[9:]}", f"folder: `{name}`", run, lambda: seeds)


def _coco(content: bytes) -> None:
    drops: list[Drop] = []
    with told():
        for name, captions in read_annotations(put("captions_val2014.json", content), drops):
            assert isinstance(name, str) and isinstance(captions, list)
    _drops(drops)


def _coco_files() -> list[bytes]:
    images = [{"id": k, "file_name": f"COCO_val2014_{k}.jpg"} for k in (1, 2)]
    captions = [{"image_id": k, "id": k, "caption": "a bird"} for k in (1, 1, 2)]
    return [json.dumps({"images": images, "annotations": captions}).encode()]


def _cub(content: bytes) -> None:
    parts = (content.split(b"\0\0") + [b""] * 5)[:5]
    folder = scratch() / "cub"
    files = ("images.txt", "image_class_labels.txt", "classes.txt", "bounding_boxes.txt")
    for name, part in zip((*files, "testclasses.txt"), parts, strict=True):
        put(f"cub/{name}", part)
    with told():
        list(numbered_lines(folder / "images.txt"))
    with told():
        read_boxes(folder)
    classes = frozenset[str]()
    with told():
        classes = read_test_classes(folder / "testclasses.txt")
    with told():
        native_entries(folder, classes)


def _cub_files() -> list[bytes]:
    return [
        b"1 001.Owl/a_1.jpg\n2 002.Jay/b_2.jpg\n\0\0"
        + b"1 1\n2 2\n\0\0"
        + b"1 001.Owl\n2 002.Jay\n"
        b"\0\0" + b"1 10.0 20.0 30.0 40.0\n2 1.5 1e3 nan 4\n\0\0" + b"# test\n002.Jay\n"
    ]


def _captions(content: bytes) -> None:
    drops: list[Drop] = []
    put("text/a.txt", content)
    with told():
        assert read_captions(scratch() / "text", "a.txt", "a", drops)
    _drops(drops)


def _vocabulary(content: bytes) -> None:
    with told():
        vocabulary = Vocabulary.load(put("vocabulary.json", content))
        assert vocabulary.hash and vocabulary.encode("a red bird") is not None


def _frames(content: bytes) -> None:
    path = put("frames.npy", content)
    with told():
        assert count_of(path) >= 0
    for index in (0, 2):
        with told():
            frames = frames_of(path, index)
            assert frames.dtype == np.float32 and frames.shape[1] == 40 and len(frames)


def _frame_files() -> list[bytes]:
    rng = np.random.default_rng(0)
    ragged = np.empty(3, object)
    ragged[:] = [rng.normal(size=(n, 40)).astype("f4") for n in (1, 2, 1)]
    content = []
    for value in (ragged, np.zeros((3, 2, 40), "f4"), np.zeros((2, 40), "f8")):
        file = io.BytesIO()
        np.save(file, value, allow_pickle=True)
        content.append(file.getvalue())
    return content


def _spoken(content: bytes) -> None:
    drops: list[Drop] = []
    put("spoken/images/a.jpg", b"a")
    put("spoken/wavs/a.wav", b"a")
    with told():
        path, root = put("spoken/train.json", content), scratch() / "spoken"
        for item in read_list(path, root, ["images"], ["wavs"], drops, True)[1]:
            assert all(root.joinpath(str(name)).is_file() for name in item.speech.values())
    _drops(drops)


def _spoken_files() -> list[bytes]:
    item = {"image": "b/a.jpg", "class": "001.Owl", "text": ["a bird"] * 2, "audio": ["a.wav"] * 2}
    other = {"uttid": "x", "image": "a.jpg", "asr_text": "a bed", "wav": "wavs/a.wav"}
    base = {"image_base_path": "/data/x/images", "audio_base_path": "../wavs"}
    return [json.dumps({**base, "data": [item, other]}).encode()]


def _tokens(content: bytes) -> None:
    for name in ("Flickr8k.token.txt", "captions.txt"):
        with told():
            for image, said in read_tokens(put(name, content)).items():
                assert isinstance(image, str) and said


def _people(content: bytes) -> None:
    """VoxCeleb1's table, and a user's own of the same people."""
    drops: list[Drop | Entry] = []
    with told():
        people = read_people(put("vox1_meta.csv", content), drops)
        _drops([drop for drop in drops if isinstance(drop, Drop)])
        assert all(person.id and person.split in ("train", "test") for person in people.values())
    known = {"A": Person("id10001", "train", {"gender": "m"})}
    with told():
        found, strangers = add_labels(known, put("labels.csv", content))
        assert found.keys() == known.keys() and strangers >= 0


TARGETS = [
    Target(
        "voxceleb1",
        "VoxCeleb1: `vox1_meta.csv`, and labels",
        _people,
        lambda: [
            b"VoxCeleb1 ID\tVGGFace1 ID\tGender\tNationality\tSet\nid10001\tA\tm\tUK\tdev\n",
            b'id,age\nid10001,"20-29"\nid2,\n',
        ],
    ),
    Target("frames", "S2IGAN: frames of recordings as `npy`", _frames, _frame_files),
    Target("spoken", "Li, Places: lists of spoken captions", _spoken, _spoken_files),
    Target(
        "flickr8k",
        "Flickr8k: captions",
        _tokens,
        lambda: [
            b"1_a.jpg#0\tA dog .\n1_a.jpg#1\tTwo dogs .\n",
            b'image,caption\n1_a.jpg,"A, b"\n',
        ],
    ),
    Target("pickle", "pickles of AttnGAN: `captions.pickle`", _pickle, _pickles),
    Target("pickled_names", "pickles of StackGAN: names and classes", _names, _pickles),
    _listed("metadata.jsonl"),
    _listed("metadata.csv"),
    Target("coco", "COCO: `captions_*.json`", _coco, _coco_files),
    Target("cub", "CUB: lists, classes, boxes", _cub, _cub_files),
    Target(
        "captions",
        "captions, one a line",
        _captions,
        lambda: [b"a red bird\nan owl\n", b"\xef\xbb\xbfone\r\n\r\ntw\xc3\xb6\n"],
    ),
    Target(
        "vocabulary",
        "a vocabulary kept as JSON",
        _vocabulary,
        lambda: [b'["<end>", "a", "bird", "red", "<unk>"]', b'["a", "b"]'],
    ),
]
