"""What the judge of CMCGAN is shown, and what it says of it: pairs of a picture and a sound, real,
wrong, and of one real half and one that was made (Hao et al. 2018)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from experiments.data.batches import Batch
from experiments.data.view.picture import Pictures
from experiments.data.view.sound import Sounds
from experiments.discriminator.cmcgan import JointDiscriminator
from experiments.frontend.excerpt import Excerpt
from experiments.generator.cmcgan import SIDES, CMCGANGenerator, Side
from experiments.loss.correspondence import CorrespondenceLoss, Path
from experiments.system.base import Losses, Term
from experiments.system.judged import lead
from experiments.system.penalised import Penalised
from experiments.system.seeding import Step

Sided = dict[Side, list[Tensor]]


@dataclass(frozen=True)
class Made:
    """What both phases use: a batch of real pairs, what was made of each half by the other, and the
    end of each path, with their graph. `features`: of the real halves; `fakes_told`: of what the
    judge is shown as generated, empty where it is told nothing."""

    batch: Batch
    real: dict[Side, Tensor]
    crossed: dict[Side, Tensor]
    ends: dict[Path, Tensor]
    features: dict[Side, Tensor]
    fakes_told: Sided


class JudgedPairs(Penalised):
    """The discriminator's turn, and what the generator's asks of it."""

    excerpt: Excerpt
    generator: CMCGANGenerator
    discriminator: JointDiscriminator
    adversarial: CorrespondenceLoss
    encoder: nn.ModuleDict
    path_ends: bool

    def encode(self, values: Tensor, side: Side) -> Tensor:
        """The feature (B, dim) of a half of a pair, real or generated."""
        if side not in self.encoder:
            return self.generator.encode(values, side)
        encoder: Any = self.encoder[side]
        if side == "sound":
            values = self.excerpt.as_of(values, encoder.excerpt)
        return encoder.features(values)  # type: ignore[no-any-return]

    def judged(
        self,
        made: Made,
        side: Side,
        wrong: Sequence[Tensor] | None = None,
        ends: Sequence[Tensor] = (),
    ) -> list[Tensor]:
        """What the judge has (B, dim) of a real half, of wrong ones and of those that were made,
        with what it is told of each. Where `wrong` is given, these are cut from their graph.
        `ends`: what stands for the real half and for that which crossed, leaves of the graph."""
        values, told = self.fakes(made)[side], made.fakes_told.get(side, [])
        if wrong is not None:
            values, told = ([one.detach() for one in some] for some in (values, told))
        real, crossed = ends or (made.real[side], values[0])
        values = [real, *(wrong or ()), crossed, *values[1:]]
        if self.discriminator.told_dim:
            told = [made.features[side], *(self.encode(one, side) for one in wrong or ()), *told]
        return self.looked_at(side, values, told)

    def looked_at(self, side: Side, values: list[Tensor], told: Sequence[Tensor]) -> list[Tensor]:
        """What the judge has (B, dim) of batches of one side, with what it is told of each."""
        judge = self.discriminator
        found: list[Tensor] = (judge.pictures if side == "picture" else judge.sounds)(values)
        if not judge.told_dim:
            return found
        return [
            torch.cat((one, more.to(one.dtype)), dim=1)
            for one, more in zip(found, told, strict=True)
        ]

    def fakes(self, made: Made) -> Sided:
        """What the judge is shown as generated, of each side."""
        return shown(made.crossed, made.ends if self.path_ends else {})

    def discriminator_loss(self, made: Made, step: Step, repeat: int) -> Losses:
        """Real pairs, wrong pairs, and pairs of a real half and a generated one, which are cut from
        their graph. A picture or sound is looked at once, in how many pairs it may stand."""
        judge, loss = self.discriminator, self.adversarial
        wrong = {side: wrong_of(made.batch, side, judge.joint) for side in SIDES}
        with self.in_float32(step):
            ends = self.ends(made)
            given = zip(SIDES, zip(ends.real, ends.made, strict=True), strict=True)
            (v, *vs), (a, *others) = (
                self.judged(made, side, wrong[side], pair) for side, pair in given
            )
            if not judge.joint:
                (rv, *fv), (ra, *fa) = judge.alone([v, *vs], False), judge.alone([a, *others], True)
                reals, whole = [rv, ra], rv + ra
                terms = loss.discriminator_alone((rv, ra), (fv, fa))
            else:
                pairs = [(v, a), *((one, a) for one in vs), *((v, one) for one in others)]
                real, wrong_v, *found = judge(pairs)
                fv, wrong_a, fa = found[: len(vs) - 1], found[len(vs) - 1], found[len(vs) :]
                reals, whole = [real, real], real
                terms = loss.discriminator(real, (wrong_v, wrong_a), (fv, fa))
        losses = {name: Term(value, loss.weight) for name, value in terms.items()}
        losses |= lead(loss.criterion, reals, [fv[0], fa[0]])
        return losses | self.joined_losses(ends, [whole], [fv[0] + fa[0]], step)

    def judged_of(self, shared: Made) -> tuple[list[Tensor], list[Tensor]]:
        return [shared.real[side] for side in SIDES], [shared.crossed[side] for side in SIDES]

    def told_of(self, shared: Made) -> None:
        return None

    def judged_by(self, inputs: Sequence[Tensor]) -> list[Sequence[Tensor]]:
        """Of both halves at once."""
        return [inputs]

    def scores(
        self, shared: Any, inputs: list[Tensor], told: Tensor | None, step: Step, made: bool
    ) -> list[Tensor]:
        """Of a real pair; or of each made half beside the real other one, their sum."""
        judge, sides = self.discriminator, list[list[Tensor]]()
        for side, one in zip(SIDES, inputs, strict=True):
            values, tells = [one], [shared.features[side]]
            if made:
                values = [shared.real[side], one]
                tells += [known.detach() for known in shared.fakes_told.get(side, [])[:1]]
            sides.append(self.looked_at(side, values, tells))
        (*before_v, v), (*before_a, a) = sides
        if not judge.joint:
            return [judge.alone([v], False)[0] + judge.alone([a], True)[0]]
        pairs = zip([v, *before_v], [*before_a, a], strict=True) if made else [(v, a)]
        return [torch.stack(judge(list(pairs))).sum(0)]

    @torch.no_grad()
    def compared(self, made: Made) -> tuple[Tensor, Tensor] | None:
        """Logits of what is real on each side, constants; None where the loss compares with
        none."""
        if not self.adversarial.criterion.relativistic:
            return None
        judge = self.discriminator
        v, a = (self.looked_at(s, [made.real[s]], [made.features[s]])[0] for s in SIDES)
        if not judge.joint:
            return judge.alone([v], False)[0], judge.alone([a], True)[0]
        (real,) = judge([(v, a)])
        return real, real


def other(side: Side) -> Side:
    return "sound" if side == "picture" else "picture"


def sides_of(path: Path) -> tuple[Side, Side, Side]:
    """Where a path begins, what it passes, and where it ends."""
    first, middle, last = path.split("_")
    return first, middle, last  # type: ignore[return-value]


def shown(crossed: Mapping[Side, Tensor], ends: Mapping[Path, Tensor]) -> Sided:
    """Of each side what crossed, then what stands at the ends of paths."""
    found: Sided = {side: [crossed[side]] for side in SIDES}
    for path, values in ends.items():
        found[sides_of(path)[2]].append(values)
    return found


def wrong_of(batch: Batch, side: Side, paired: bool) -> list[Tensor]:
    """The real half of another pair, where wrong pairs are judged."""
    if not paired:
        return []
    found = (
        batch.of(Sounds).wrong_values
        if side == "sound"
        else (batch.of(Pictures).wrong_images or [None])[-1]  # type: ignore[list-item]
    )
    assert found is not None, "wrong pairs are not given"
    return [found]
