"""CMCGAN's joint correspondence loss, and the consistency of its four paths (Hao et al. 2018)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Literal, get_args

from torch import Tensor

from experiments.loss.criterion import Criterion, Form

Path = Literal[
    "sound_picture_sound", "picture_sound_picture", "sound_sound_picture", "picture_picture_sound"
]
PATHS: tuple[Path, ...] = get_args(Path)


class CorrespondenceLoss:
    """L_D = L_Dw + L_Df, on logits (B,) of pairs of a picture v and a sound a; r is real, w a real
    one of another pair, f a generated one. What is maximised there is minimised here:

        L_Dw = L(rv, ra; 1) + 1/2 [L(rv, wa; 0) + L(wv, ra; 0)]
        L_Df = L(rv, ra; 1) + 1/2 [L(rv, fa; 0) + L(fv, ra; 0)]
        L_G  = L(rv, fa; 1) + L(fv, ra; 1)
    """

    def __init__(
        self, weight: float = 1.0, label_smoothing: float = 0.0, form: Form = "binary"
    ) -> None:
        """`form` and `label_smoothing` are those of `Criterion`."""
        self.weight = weight
        self.criterion = Criterion(form, label_smoothing)

    def discriminator(
        self,
        real: Tensor,
        wrong: tuple[Tensor, Tensor],
        fake: tuple[Sequence[Tensor], Sequence[Tensor]],
    ) -> dict[str, Tensor]:
        """Terms by name, whose sum is L_D. `wrong`: (wv, ra) and (rv, wa). `fake`: any number of
        (fv, ra), and as many of (rv, fa); each kind counts as one, by its mean. Where the form is
        relativistic, the real pair is to be above every other, which share one half with it, and
        "real" is no term of its own."""
        criterion, above = self.criterion, partial(self.criterion.above, real)
        if criterion.relativistic:
            return {
                "wrong_picture": 0.5 * above(wrong[0]),
                "wrong_sound": 0.5 * above(wrong[1]),
                "fake_picture": 0.5 * _mean([above(x) for x in fake[0]]),
                "fake_sound": 0.5 * _mean([above(x) for x in fake[1]]),
            }
        return {
            "real": 2.0 * criterion.real(real),
            "wrong_picture": 0.5 * criterion.fake(wrong[0]),
            "wrong_sound": 0.5 * criterion.fake(wrong[1]),
            "fake_picture": 0.5 * _mean([criterion.fake(x) for x in fake[0]]),
            "fake_sound": 0.5 * _mean([criterion.fake(x) for x in fake[1]]),
        }

    def discriminator_alone(
        self,
        real: tuple[Tensor, Tensor],
        fake: tuple[Sequence[Tensor], Sequence[Tensor]],
    ) -> dict[str, Tensor]:
        """The standard loss: L(rv; 1) + L(fv; 0) + L(ra; 1) + L(fa; 0), of pictures and sounds that
        are judged alone. Where the form is relativistic, each is compared with its own kind."""
        criterion = self.criterion
        if criterion.relativistic:
            pairs = zip(("fake_picture", "fake_sound"), real, fake, strict=True)
            return {n: _mean([criterion.above(one, x) for x in made]) for n, one, made in pairs}
        return {
            "real_picture": criterion.real(real[0]),
            "fake_picture": _mean([criterion.fake(x) for x in fake[0]]),
            "real_sound": criterion.real(real[1]),
            "fake_sound": _mean([criterion.fake(x) for x in fake[1]]),
        }

    def generator(
        self,
        fake: tuple[Sequence[Tensor], Sequence[Tensor]],
        real: tuple[Tensor, Tensor] | None = None,
    ) -> dict[str, Tensor]:
        """Terms by name, whose sum is L_G, of either kind of judge. `real`: where the form is
        relativistic, logits of what is real of each kind, constants here."""
        fool, against = self.criterion.fool, (None, None) if real is None else real
        return {
            "adversarial_picture": _mean([fool(x, against[0]) for x in fake[0]]),
            "adversarial_sound": _mean([fool(x, against[1]) for x in fake[1]]),
        }


class ConsistencyLoss:
    """The mean absolute difference of the end of each path from what is real."""

    def __init__(self, weight: float = 10.0, paths: Sequence[Path] = PATHS) -> None:
        """`paths`: which of the four count. The first two are the cycle alone; the last two
        reconstruct and then cross, towards the real other half of the pair: they are supervised.
        """
        unknown = [path for path in paths if path not in PATHS]
        assert not unknown, f"paths: {', '.join(unknown)}; there are {', '.join(PATHS)}"
        assert len(set(paths)) == len(paths), "paths: each once"
        self.weight, self.paths = weight, [path for path in PATHS if path in paths]

    def __call__(
        self, ends: dict[Path, Tensor], picture: Tensor, sound: Tensor
    ) -> dict[str, Tensor]:
        """The ends (B, ...) of those paths that count; the real picture and sound of the pair.
        Terms by name."""
        targets = {"picture": picture, "sound": sound}
        return {
            path: (ends[path].float() - targets[path.rsplit("_", 1)[1]]).abs().mean()
            for path in self.paths
        }


def _mean(values: Sequence[Tensor]) -> Tensor:
    total = values[0]
    for value in values[1:]:
        total = total + value
    return total / len(values)
