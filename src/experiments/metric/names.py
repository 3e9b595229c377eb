"""Names of scores, and the words shown for them.

A name says which extractor saw the pictures: `frechet/efficientnet_lite0`. FID, IS and KID are
words for the Inception weights of 2015 that define those scores, and for nothing else.
"""

from __future__ import annotations

REFERENCE = "inception"
TORCHVISION = "torchvision_2018"
# Fréchet distances that people all call FID, and that do not compare (`docs/scores.md`).
FAMILIES = {
    REFERENCE: "A, Inception of 2015",
    TORCHVISION: "B, torchvision's Inception of 2018 and pictures in a range that it never saw",
}
FINETUNED = "finetuned"  # a classifier that was trained on the pictures it is compared with
_SUBJECTS = {FINETUNED: "fine-tuned on the test classes"}
RETRIEVED = (50, 10, 5, 1)  # pictures that a class retrieves, of which a share is its own
RECALLED = (1, 5, 10, 50)  # of the nearest, among which one is to belong
TOLD_BY = {  # a classifier of both modalities
    "told_by_picture": "told by the picture",
    "told_by_sound": "told by the sound",
    "told_by_both": "told by both",
    "told_by_generated_picture": "told by the sound and a picture made of it",
    "told_by_generated_sound": "told by the picture and a sound made of it",
}
_REFERENCE_WORDS = {
    "frechet": "FID",
    "frechet_infinity": "FID∞",
    "inception_score": "IS",
    "kernel": "KID",
}
WORDS = {
    "frechet": "Fréchet distance",
    "frechet_infinity": "Fréchet distance, N → ∞",
    "inception_score": "class score",
    "kernel": "kernel distance",
    "precision": "precision",
    "recall": "recall",
    "density": "density",
    "coverage": "coverage",
    "authentic": "AuthPct",
    "diversity": "diversity in a caption",
    "r_precision": "R-precision",
    "clip_score": "CLIPScore",
    "attribute_accuracy": "attribute accuracy",
    "zero_shot": "zero-shot accuracy",
    "recognition": "class accuracy",
    "detected": "detected",
    **{f"precision_at_{count}": f"AP@{count}" for count in RETRIEVED},
    "attribute_kept": "attribute kept",
    "stated": "stated, read out",
    "heard": "stated, heard",
    "says": "attributes spoken of",
    "token_accuracy": "words right",
    "sentence_accuracy": "sentences right",
    "map": "mAP",
    "recall_at_k": "R@K",
    **{f"recall_at_{count}": f"R@{count}" for count in RECALLED},
    **{f"picture_recall_at_{count}": f"R@{count}, pictures found" for count in RECALLED},
    **{f"caption_recall_at_{count}": f"R@{count}, captions found" for count in RECALLED},
    **TOLD_BY,
    "recall_at_2": "R@2",
    "feature_cosine": "cosine of features",
    "feature_l1": "L1 of features",
    "feature_l2": "L2 of features",
    "pixel_l1": "levels off, decoded",
    "hidden_l1": "levels off, hidden part",
    "hidden_psnr": "PSNR, hidden part",
    "landmark_error": "points of the face, off by",
    "shape_correlation": "shape of the face",
    "attribute_agreement": "voice and face agree",
    "attribute_decoded": "attribute, decoded from the face",
    "noise_error": "squared error of the noise",
    "frechet_video_distance": "Fréchet video distance",
    "motion_energy": "motion energy",
    "consistency": "content distance of frames",
    "style_cosine": "cosine, other captions",
    "redrawn": "levels off when redrawn",
    "query_redrawn": "levels off, real pictures",
}
_SUFFIXES = ("std", "real", "chance", "candidates", "decoded", "shuffled", "copy")


def sung(attribute: str) -> str:
    """The name of an attribute of `attribute_accuracy`, or of an average, where sounds tell it:
    "colour", that of the parts, is "motif" there."""
    return "motif" if attribute == "colour" else f"sung_{attribute}"


def heard_by(attribute: str) -> str:
    """The same where a recogniser hears it in speech."""
    return f"heard_{attribute}"


def family_of(name: str) -> str | None:
    """The family of a Fréchet distance that people call FID, "A" or "B"; None of other scores."""
    score, _, rest = name.partition("/")
    told = FAMILIES.get(rest.partition("/")[0]) if score.startswith("frechet") else None
    return None if told is None else told[0]


def label(name: str) -> str:
    """What a person reads for a score's name; suffixes such as `/std` and `/real` follow in words.

    `frechet/inception` is "FID (Inception 2015)"; with any other extractor "Fréchet distance
    (<extractor>)". A name that is no score of this package is returned as it is.
    """
    score, _, rest = name.partition("/")
    subject, *suffixes = rest.split("/")
    if score not in WORDS or not subject or not set(suffixes) <= set(_SUFFIXES):
        return name
    tail = "".join(f", {suffix}" for suffix in suffixes)
    if subject == REFERENCE and score in _REFERENCE_WORDS:
        return f"{_REFERENCE_WORDS[score]} (Inception 2015){tail}"
    return f"{WORDS[score]} ({_SUBJECTS.get(subject, subject)}){tail}"
