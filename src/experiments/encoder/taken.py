"""What a classifier or an autoencoder takes of a record, its picture, its sound or its clip, and
where it finds that. Of sounds is one that has an `excerpt`, of clips one that has a `form`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from experiments.clip.form import ClipForm
from experiments.data.view.base import Part, View, part_of
from experiments.data.view.clip import Clips, ClipView
from experiments.data.view.picture import Pictures, PictureView
from experiments.data.view.sound import Sounds, SoundView
from experiments.frontend.excerpt import Excerpt
from experiments.terminal.line import number_of


def excerpt_of(network: nn.Module) -> Excerpt | None:
    """Of the sounds that it takes; None where it takes pictures."""
    return getattr(network, "excerpt", None)


def form_of(network: nn.Module) -> ClipForm | None:
    """Of the clips that it takes; None where it takes none."""
    return getattr(network, "form", None)


def view_of(network: nn.Module, resolutions: Sequence[int]) -> View:
    """The view of what it takes; `resolutions` of pictures, where it takes these."""
    excerpt, form = excerpt_of(network), form_of(network)
    if form is not None:
        return ClipView(form)
    return PictureView(resolutions) if excerpt is None else SoundView(excerpt)


def taken_by(network: nn.Module, parts: Mapping[str, Part]) -> Tensor:
    """Of the views of records what it takes: sounds (B, *shape), clips (B, C, T, H, W), or the
    largest pictures (B, 3, H, W)."""
    if form_of(network) is not None:
        return part_of(parts, Clips).values
    if excerpt_of(network) is not None:
        return part_of(parts, Sounds).values
    return part_of(parts, Pictures).images[-1]


def cut_as(network: nn.Module, pictures: str) -> str:
    """How what it takes was cut, for the record of a score. `pictures`: how these are."""
    excerpt = excerpt_of(network)
    if excerpt is not None:
        return f"{excerpt.seconds:g} s of sound"
    form = form_of(network)
    if form is not None:
        return f"{number_of(form.frames, 'frame')} of {form.side} px"
    return pictures
