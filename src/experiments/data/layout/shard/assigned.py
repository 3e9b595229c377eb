"""Which of a source's splits is trained on and which tests: one word each, or a tenth is kept."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from experiments.data.layout.folder_metadata import SPLIT_WORDS
from experiments.file.name import shown
from experiments.terminal.error import UserError

Names = str | Sequence[str] | None


@dataclass(frozen=True)
class Assigned:
    """The names of splits to train on and to test on; no `test`: a share of the others is kept."""

    train: tuple[str, ...]
    test: tuple[str, ...]

    def of(self, name: str) -> str:
        """train, test, or empty for a split that is neither."""
        return "train" if name in self.train else "test" if name in self.test else ""


def assigned_of(there: Collection[str], train: Names, test: Names, where: str) -> Assigned:
    """Which splits are which. `train`, `test`: as the user names them, or None.

    Without names: those that are called so; pictures to validate on are the test where there is no
    other, else they are trained on; a split that is alone is trained on, and a share of it is kept
    for the test. Raises `UserError` for a name that there is none of, and where it is not clear.
    """
    told = f"{where} has {', '.join(map(shown, there))}"
    asked = {"train": _listed(train), "test": _listed(test)}
    for key, names in asked.items():
        for name in names:
            if name not in there:
                raise UserError(f"data.reader.{key}={name}: there is no such split; {told}")
    both = [name for name in asked["train"] if name in asked["test"]]
    if both:
        raise UserError(f"data.reader.test={both[0]}: it is trained on as well; {told}")
    if asked["train"]:
        return Assigned(asked["train"], asked["test"])
    left = [name for name in there if name not in asked["test"]]
    words = {name: SPLIT_WORDS.get(name.lower(), "") for name in left}
    if asked["test"]:
        found = tuple(name for name in left if words[name] in ("train", "validation"))
        if not any(words[name] == "train" for name in found) and len(left) == 1:
            found = tuple(left)
        if found:
            return Assigned(found, asked["test"])
    elif len(there) == 1:
        return Assigned(tuple(there), ())
    elif all(words.values()) and "train" in words.values():
        last = "test" if "test" in words.values() else "validation"
        tested = tuple(name for name in left if words[name] == last)
        return Assigned(tuple(name for name in left if name not in tested), tested)
    raise UserError(
        f"data.reader.train: it is not clear which splits are trained on; {told}; name them by "
        "data.reader.train=NAME data.reader.test=NAME, or the first alone to keep a tenth of it"
    )


def _listed(names: Names) -> tuple[str, ...]:
    if names is None:
        return ()
    return (names,) if isinstance(names, str) else tuple(map(str, names))
