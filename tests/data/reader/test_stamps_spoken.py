"""Stamps in other languages, and their recordings: a small tree, and the package itself."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from experiments.data.reader.stamps import Stamps
from experiments.data.record import Drop, Record, has_of
from experiments.terminal.error import BadInput, UserError
from tests.data.spoken import write_wave

INSTALLED = Path(os.environ.get("BIRDSONG_STAMPS", "/usr/share/tuxpaint/stamps"))
# Photographs and drawings with a PNG and a caption: those with a caption in the language, and of
# these those with a recording. Counted in tuxpaint-stamps-default 2022.06.04 by this test.
COUNTS = {
    "en": (785, 65),
    "fr": (785, 767),
    "ru": (785, 760),
    "ca": (785, 757),
    "ro": (760, 756),
    "bg": (767, 753),
    "es": (785, 741),
    "el": (785, 646),
    "be": (767, 535),
    "da": (785, 290),
    "nl": (785, 67),
    "pt_BR": (785, 15),
    "ml": (767, 6),
    "lt": (119, 0),
}
CROW = (
    "A crow.\nca@valencia.utf8=Un corb.\nfr.utf8=Un corbeau.\r\npt_BR.utf8= Um corvo. \nel.utf8=\n"
)


def add(root: Path, stem: str, text: str, *sounds: str) -> None:
    path = root / f"{stem}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (80, 64), (200, 0, 0)).save(path)
    path.with_suffix(".txt").write_text(text, newline="")
    for sound in sounds:
        write_wave(root / f"{stem}{sound}")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    add(tmp_path, "birds/crow", CROW, "_desc.ogg", "_desc_fr.ogg", "_desc_pt_BR.wav", ".ogg")
    add(tmp_path, "birds/owl", "An owl.\nfr.utf8=Un hibou.\nde.utf8=Eine Eule.\n", "_desc_de.ogg")
    add(tmp_path, "fish/cod", "A cod.\nde.utf8=Ein Kabeljau.\n", "_desc_fr.ogg")
    return tmp_path


def heard(root: Path, language: str, **options: object) -> dict[str, tuple[str, str | None]]:
    """Caption and recording of each stamp, as a run has them that listens."""
    reader = Stamps(str(root), language=language, **options)  # type: ignore[arg-type]
    reader.recordings = True
    found = list(reader.read())
    assert not any(isinstance(entry, Drop) for entry in found)
    records = [entry for entry in found if isinstance(entry, Record)]
    return {r.key: (r.captions[0], *r.more["speech"]) for r in records}  # type: ignore[misc]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", {"birds/crow": ("A crow.", "_desc.ogg"), "birds/owl": ("An owl.", "")}),
        ("fr", {"birds/crow": ("Un corbeau.", "_desc_fr.ogg"), "birds/owl": ("Un hibou.", "")}),
        ("de", {"birds/owl": ("Eine Eule.", "_desc_de.ogg"), "fish/cod": ("Ein Kabeljau.", "")}),
        ("pt_BR", {"birds/crow": ("Um corvo.", "_desc_pt_BR.wav")}),
        ("ca@valencia", {"birds/crow": ("Un corb.", "")}),
    ],
)
def test_captions_and_recordings_of_a_language(
    root: Path, language: str, said: dict[str, tuple[str, str]]
) -> None:
    """A stamp that has no caption in the language is left out, also where it has a recording."""
    said = dict(said)
    if language == "en":
        said["fish/cod"] = ("A cod.", "")
    expected = {key: (text, f"{key}{end}" if end else None) for key, (text, end) in said.items()}
    assert heard(root, language) == expected
    reader = Stamps(str(root), language=language)
    assert reader.records_speech == any(path for _, path in expected.values())
    left = 3 - len(expected)
    kind = f"captions that are not in {language}"
    assert reader.files().not_read == ({kind: left} if left else {})


def test_recording_is_a_file_below_the_root(root: Path) -> None:
    reader = Stamps(str(root), language="fr")
    reader.recordings = True
    crow, owl = (entry for entry in reader.read() if isinstance(entry, Record))
    assert reader.recording(crow, 0) == root / "birds/crow_desc_fr.ogg"
    assert reader.recording(owl, 0) is None
    (root / "birds/crow_desc_fr.ogg").unlink()
    with pytest.raises(BadInput, match="file is missing"):
        reader.recording(crow, 0)


def test_unknown_language_tells_those_that_there_are(root: Path) -> None:
    for language in ("xx", "el", "../fr", ""):
        with pytest.raises(UserError, match=r"data\.speech\.language: no caption in") as error:
            Stamps(str(root), language=language).check()
        assert str(error.value).endswith(
            "spoken and written: en, de, fr, pt_BR; only written: ca@valencia"
        )


def test_data_of_runs_that_read_english_are_as_they_were(root: Path) -> None:
    plain = Stamps(str(root))
    before = plain.fingerprint()
    assert Stamps(str(root), language="en").fingerprint() == before
    seen = {before}
    for language, recordings in (("en", True), ("fr", False), ("fr", True), ("de", False)):
        reader = Stamps(str(root), language=language)
        reader.recordings = recordings
        seen.add(reader.fingerprint())
    assert len(seen) == 5
    write_wave(root / "birds/crow_desc_fr.ogg", tone=7)
    assert Stamps(str(root)).fingerprint() == before
    reader = Stamps(str(root), language="fr")
    reader.recordings = True
    assert reader.fingerprint() not in seen


@pytest.mark.skipif(not INSTALLED.is_dir(), reason="tuxpaint-stamps-default is not installed")
@pytest.mark.parametrize("language", COUNTS)
def test_installed_package(language: str) -> None:
    found = heard(INSTALLED, language, photographs=False, min_size=0)
    spoken = [path for _, path in found.values() if path is not None]
    assert (len(found), len(spoken)) == COUNTS[language]
    assert all((INSTALLED / path).is_file() for path in spoken)


def test_sound_effects_where_they_are_asked_for(root: Path) -> None:
    write_wave(root / "fish/cod.wav")
    reader = Stamps(str(root))
    silent = reader.fingerprint()
    assert has_of(reader) == ("picture", "caption")
    assert not any(record.more for record in reader.read() if isinstance(record, Record))
    reader.sounds = True
    assert has_of(reader) == ("picture", "caption", "sound")
    records = {r.key: r for r in reader.read() if isinstance(r, Record)}
    assert reader.sound(records["birds/crow"]) == root / "birds/crow.ogg"  # not its description
    assert reader.sound(records["fish/cod"]) == root / "fish/cod.wav"
    assert reader.sound(records["birds/owl"]) is None
    assert records["birds/crow"].captions == ("A crow.",)
    sounding = reader.fingerprint()
    write_wave(root / "fish/cod.wav", 7)
    assert len({silent, sounding, reader.fingerprint()}) == 3


@pytest.mark.skipif(not INSTALLED.is_dir(), reason="the package is not installed")
def test_sound_effects_of_the_package() -> None:
    reader = Stamps(str(INSTALLED))
    reader.sounds = True
    records = [record for record in reader.read() if isinstance(record, Record)]
    sounding = [record for record in records if "sound" in record.more]
    assert (len(records), len(sounding)) == (331, 86)
    assert sum(record.key.startswith("animals/birds/") for record in sounding) == 18
    for record in sounding:
        path = reader.sound(record)
        assert path is not None and path.stem == Path(record.key).name
