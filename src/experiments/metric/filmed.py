"""What a classifier of clips, and the user's I3D network, see in clips, as rows of scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor

from experiments.clip.form import ClipForm
from experiments.data.augment import normalise, to_uint8
from experiments.encoder.text_image import TextImageEncoder
from experiments.encoder.video_classifier import VideoClassifier
from experiments.metric.fvd import I3D
from experiments.metric.motion import shuffled, stills
from experiments.metric.rows import Rows
from experiments.metric.seen import blank_where, read_by

VIDEO_CLASSIFIER = "video_classifier"
STILLS = 4  # frames of a clip whose content is compared
GREY = (0.299, 0.587, 0.114)  # of a colour, as PIL has it


def as_form(clips: Tensor, form: ClipForm) -> Tensor:
    """Clips (B, C, T, H, W) in [-1, 1] as a form has them, (B, *form.shape): frames at equal
    distances, repeated where there are too few; resized without what a smaller side cannot show;
    grey, or one channel three times."""
    channels, frames, side, _ = form.shape
    if clips.shape[2] != frames:
        numbers = torch.arange(frames, device=clips.device) * clips.shape[2] // frames
        clips = clips[:, :, numbers]
    if clips.shape[1] == 3 and channels == 1:
        weights = clips.new_tensor(GREY).view(1, 3, 1, 1, 1)
        clips = (clips * weights).sum(1, keepdim=True)
    if clips.shape[-2:] != (side, side):
        flat = clips.transpose(1, 2).flatten(0, 1)
        flat = F.interpolate(flat, (side, side), mode="bilinear", antialias=True)
        clips = flat.unflatten(0, (len(clips), frames)).transpose(1, 2)
    return clips.expand(-1, channels, -1, -1, -1)


@dataclass(frozen=True)
class ClipEyes:
    """All that look at a clip. `names`: of the attributes that the classifier is asked for. `side`:
    px of the frames that the encoders see."""

    classifier: VideoClassifier | None
    i3d: I3D | None = None
    names: Sequence[str] = ()
    encoders: Mapping[str, TextImageEncoder] = field(default_factory=dict)
    side: int = 64

    def see(self, clips: Tensor) -> Rows:
        """Of clips (B, C, T, H, W) in [-1, 1], rounded as they would be saved: features, logits
        and `predicted` of the classifier, features of I3D, the `clips` themselves, and `frames`,
        what the classifier sees in some frames (B, F, d) if each stood still."""
        finite = clips.isfinite().flatten(1).all(1)
        clips = rounded(clips)
        found: Rows = {"clips": clips.clone()}
        if self.classifier is not None:
            taken = as_form(clips, self.classifier.form)
            found |= read_by(self.classifier, VIDEO_CLASSIFIER, taken, self.names)
            found["frames"] = contents(self.classifier, taken)
        if self.i3d is not None:
            found[self.i3d.name] = self.i3d(clips)
        for name, encoder in self.encoders.items():
            found[f"image_vectors/{name}"] = code_of(encoder, clips, self.side)
        return blank_where(~finite, found)

    def out_of_order(self, clips: Tensor, seeds: Sequence[int]) -> Rows:
        """The features alone, of clips whose frames stand in an order that the seeds draw."""
        found: Rows = {}
        mixed = shuffled(rounded(clips), seeds)
        if self.classifier is not None:
            taken = as_form(mixed, self.classifier.form)
            found[VIDEO_CLASSIFIER] = self.classifier.features(taken).float()
        if self.i3d is not None:
            found[self.i3d.name] = self.i3d(mixed)
        return found


def rounded(clips: Tensor) -> Tensor:
    """Clips in [-1, 1] as a file of 8 bits would have them."""
    return normalise(to_uint8(clips.nan_to_num()))


def contents(classifier: VideoClassifier, clips: Tensor) -> Tensor:
    """(B, F, d) of clips as it takes them: what it sees in some of their frames, each standing
    still, without what it sees of motion."""
    each = stills(clips, STILLS)
    features = classifier.content(each.flatten(0, 1).contiguous())
    return features.float().unflatten(0, each.shape[:2])


def code_of(encoder: TextImageEncoder, clips: Tensor, side: int) -> Tensor:
    """(B, dim) of clips: the mean of what an encoder of pictures says of some of their frames at
    `side` px, each of length 1 (this project's choice). The order of frames says nothing."""
    frames = as_form(clips, ClipForm(STILLS, side)).transpose(1, 2)
    codes = encoder.encode_image(frames.flatten(0, 1))[1].float()
    return F.normalize(codes, dim=1).unflatten(0, frames.shape[:2]).mean(1)
