"""What the released generators of AttnGAN and StackGAN-v2 have in common: names and sizes.

There `ca_net` is the conditioning augmentation, `h_net1` the first stage, `h_net2`, `h_net3`, ...
the further ones, `img_net1`, ... the layers that make a picture of each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from experiments.convert.state import ReleasedState
from experiments.generator.base import SEED_SIZE

RESIDUAL_BLOCKS = 2  # where a single stage has none to be counted
PUBLISHED = 3  # stages


@dataclass(frozen=True)
class Sizes:
    """What decides every shape of a generator. `ups`: doublings of the first stage; `width`:
    channels of its picture's maps (GF_DIM)."""

    stages: int
    ups: int
    width: int
    noise_dim: int
    condition_dim: int
    text_dim: int
    residual_blocks: tuple[int, ...]  # of each further stage

    @property
    def resolutions(self) -> list[int]:
        return [SEED_SIZE << (self.ups + stage) for stage in range(self.stages)]

    @property
    def overrides(self) -> list[str]:
        """They as options of `conf/generator/`, without the width of the text."""
        return [
            f"generator.resolutions={self.resolutions}".replace(" ", ""),
            f"generator.width={self.width}",
            f"generator.noise_dim={self.noise_dim}",
            f"generator.condition_dim={self.condition_dim}",
            f"generator.residual_blocks={self._blocks}".replace(" ", ""),
        ]

    @property
    def _blocks(self) -> int | list[int]:
        """One number where all stages have it."""
        each = list(self.residual_blocks)
        return each if len(set(each)) > 1 else (each or [RESIDUAL_BLOCKS])[0]

    def __str__(self) -> str:
        return (
            f"{self.stages} {'stage' if self.stages == 1 else 'stages'}"
            f"{'' if self.stages == PUBLISHED else f' (published are {PUBLISHED})'} up to "
            f"{self.resolutions[-1]} px, width {self.width}, {self._blocks} residual blocks, "
            f"noise {self.noise_dim}, condition {self.condition_dim}, text {self.text_dim}"
        )


def sizes_of(state: ReleasedState, without_text: str) -> Sizes:
    """Sizes from names and shapes. Raises `UserError` with the tensor that tells none;
    `without_text` says what a file without `ca_net` may be."""
    name = "ca_net.fc.weight"
    rows, text_dim = state.shape(name, 2, without_text)
    condition_dim = rows // 4  # the halves of a GLU, each of mu and log sigma^2
    if condition_dim < 1:
        raise state.refusal(f"{name} is {rows} x {text_dim}, expected a multiple of 4 rows")
    name = "h_net1.fc.0.weight"
    seed, inputs = state.shape(name, 2)
    if inputs <= condition_dim:
        raise state.refusal(
            f"{name} is {seed} x {inputs}, expected more columns than the {condition_dim} numbers "
            "of the condition: the noise follows them"
        )
    ups = state.numbered("h_net1.upsample{}.1.weight", 1)
    if not ups:
        raise state.refusal("h_net1.upsample1.1.weight is missing")
    width = (seed // (2 * SEED_SIZE * SEED_SIZE)) >> ups
    if width < 1:
        least = 2 * SEED_SIZE * SEED_SIZE << ups
        raise state.refusal(f"{name} is {seed} x {inputs}, expected a multiple of {least} rows")
    stages = state.numbered("img_net{}.img.0.weight", 1)
    if not stages:
        raise state.refusal("img_net1.img.0.weight is missing")
    maps = 1 + state.numbered("h_net{}.upsample.1.weight", 2)
    if maps != stages:
        raise state.refusal(
            f"has maps of {maps} stages (h_net1 ...) and pictures of {stages} (img_net1 ...): a "
            "part is missing, or it was saved with another TREE.BRANCH_NUM; take the file as its "
            "training wrote it"
        )
    blocks = tuple(
        state.numbered(f"h_net{stage}.residual.{{}}.block.0.weight", 0)
        for stage in range(2, stages + 1)
    )
    return Sizes(stages, ups, width, inputs - condition_dim, condition_dim, text_dim, blocks)


def released_names(sizes: Sizes, further: Mapping[str, str]) -> Callable[[str], str]:
    """The released name of each entry of a generator's state.

    `further`: the part of a further stage that the two methods differ by, its name here and there.
    """
    prefixes = {"augmentation.linear": "ca_net.fc", "initial.seed": "h_net1.fc"}
    for up in range(sizes.ups):
        theirs = f"h_net1.upsample{up + 1}"  # its first layer doubles and has no weights
        prefixes |= {
            f"initial.ups.{up}.0.conv": f"{theirs}.1",
            f"initial.ups.{up}.1": f"{theirs}.2",
        }
    for stage in range(sizes.stages):
        prefixes[f"heads.{stage}"] = f"img_net{stage + 1}.img.0"
    for stage in range(sizes.stages - 1):
        ours, theirs = f"stages.{stage}", f"h_net{stage + 2}"
        prefixes |= {f"{ours}.up.0.conv": f"{theirs}.upsample.1"}
        prefixes |= {f"{ours}.up.1": f"{theirs}.upsample.2"}
        prefixes |= {f"{ours}.{name}": f"{theirs}.{other}" for name, other in further.items()}
        for block in range(sizes.residual_blocks[stage]):
            prefixes[f"{ours}.residual.{block}.body"] = f"{theirs}.residual.{block}.block"

    def released(name: str) -> str:
        prefix = next(prefix for prefix in prefixes if name.startswith(f"{prefix}."))
        return prefixes[prefix] + name.removeprefix(prefix)

    return released
