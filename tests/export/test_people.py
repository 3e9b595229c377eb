"""What a card says of a model that was trained on voices and faces, and that none is without."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from exported_run import config_of
from recipes import make_recipe

from experiments.data.source import FACES, SOURCES, VOICES
from experiments.export import card
from experiments.export.card import card_of
from experiments.export.folder import require_told, write
from experiments.export.people import People, people_of, require_section
from experiments.export.request import Request, export_of
from experiments.run.reader import EXCERPT
from experiments.terminal.error import UserError

BOTH = (VOICES, FACES)
OF_PEOPLE: dict[str, tuple[str, ...] | None] = {
    "flickr8k": (FACES,),
    "coco": (FACES,),
    "sub_urmp": (FACES,),
    "inis": None,  # the classes of whoever trained the model
    "youtubers": BOTH,
    "voxceleb1": BOTH,
    **dict.fromkeys(("ucf101", "kth", "msvd", "vgan", "mpii_md"), (FACES,)),
    "avspeech": BOTH,
}
ASKED = (  # what the authors of Speech2Face ask to be said, and what follows from it
    "Read what it makes as an average",
    "never the likeness or the identity of a person",
    "Traits are correlations",
    "Its data are not all people",
    "Do not use it to find out who somebody is, or to judge people",
    "Consent.",
)


def of(data: str, *of: str, voices: Any = None, say: str | None = None) -> People:
    """People in the data of a run that takes sounds or hears captions."""
    system = {"parts": [{"_target_": EXCERPT, "of": kind} for kind in of]}
    facts = {} if voices is None else {"speech": {"voices": voices}}
    return people_of({"data": {"name": data}, "system": system}, facts, say)


def edit(run: Path, **changes: Any) -> None:
    config = yaml.safe_load((run / "config.yaml").read_text())
    for part, values in changes.items():
        config[part] = (config.get(part) or {}) | values
    (run / "config.yaml").write_text(yaml.safe_dump(config))


def test_data_sets_of_people() -> None:
    for name, source in SOURCES.items():
        assert source.people == OF_PEOPLE.get(name, ()), name


def test_what_of_people_a_run_learned_from() -> None:
    assert of("plumage", "sound").found == () and of("plumage", "sound").said
    assert of("coco").found == (FACES,)
    # Recordings of captions are voices, those that a machine says are not.
    assert of("stamps", voices="recordings").found == (VOICES,)
    assert of("stamps", voices={"train": ["espeak/f1"]}).found == ()
    assert of("flickr8k", voices="recordings").found == BOTH
    reader = {"_target_": "experiments.data.reader.stamps.Stamps"}
    for voice, found in (("auto", (VOICES,)), ("recordings", (VOICES,)), ("espeak", ())):
        # A run that makes speech records nobody: its data say who speaks.
        data = {"name": "stamps", "reader": reader, "speech": {"voice": voice}}
        system = {"excerpt": {"_target_": EXCERPT, "of": "speech"}}
        assert people_of({"data": data, "system": system}, {}, None).found == found
    # Of their own data makers know, and what nobody says is taken to be of people.
    assert of("folder", "sound") == People(BOTH, False, True)
    assert of("folder") == People((), False, False)
    assert of("folder", "sound", say="none") == People((), True, True)
    assert of("folder", "sound", say="faces").found == (FACES,)
    assert of("folder", voices="recordings").found == (VOICES,)
    assert of("folder", voices="recordings", say="none").found == ()
    # What is known is not taken away, and may be added to.
    assert of("coco", say="voices").found == BOTH
    with pytest.raises(UserError, match=r"export\.people=none: data=coco has faces of people"):
        of("coco", say="none")


@pytest.mark.parametrize("say", ["voices", "faces", "both"])
def test_the_section_says_what_was_asked(say: str) -> None:
    text = of("folder", "sound", say=say).section
    assert text.startswith("## Voices and faces\n")
    for part in (*ASKED, "Say that a machine made it"):
        assert part in text, part
    assert ("It was trained on voices" in text) == (say != "faces")
    assert ("pictures of faces of people" in text) == (say != "voices")
    assert of("folder", "sound", say="none").section == ""
    assert "has not said" in of("folder", "sound").section
    assert "machine made it" not in of("coco").section  # it hears nothing


def test_every_sentence_has_to_stand_on_a_card() -> None:
    people = of("folder", "sound", say="both")
    text = f"# Mine\n\n{people.section}\n\nMore."
    require_section(text.replace(" ", "\n"), people, "README.md")  # wrapped otherwise
    for sentence in people.section.replace("**", "").split(". "):
        spoilt = text.replace("**", "").replace(sentence, "")
        with pytest.raises(UserError, match=r"README\.md: lacks the section \"Voices and faces\""):
            require_section(spoilt, people, "README.md")
    require_section("# Mine", of("plumage", "sound"), "README.md")


def test_no_card_is_written_without_it(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(run, data={"name": "coco"})
    assert all(part in card_of(run) for part in ASKED)
    template = tmp_path / "card.md.j2"
    text = card.TEMPLATE.read_text()
    assert text.count("{{ run.people.section }}") == 1
    template.write_text(text.replace("{{ run.people.section }}", ""))
    monkeypatch.setattr(card, "TEMPLATE", template)
    with pytest.raises(UserError, match="a model that was trained on them has no card without it"):
        write(config_of(run, folder=str(tmp_path / "shared")))
    assert not (tmp_path / "shared").exists() and not (run / "card.md").exists()
    edit(run, data={"name": "cub"})
    write(config_of(run, folder=str(tmp_path / "shared")))


def test_an_edited_card_keeps_it(run: Path, tmp_path: Path) -> None:
    edit(run, data={"name": "folder"})
    folder = write(config_of(run, folder=str(tmp_path / "shared"), people="faces"))
    assert json.loads((folder / "export.json").read_text())["people"] == "faces"
    readme = folder / "README.md"
    whole = readme.read_text()
    pushed = export_of(config_of(run, folder=str(tmp_path / "other"), people="faces"))
    request = Request(folder, folder, "mit", "owner/name", True, people=pushed.people)
    readme.write_text(whole.replace("## Limits", "My own words.\n\n## Limits"))
    require_told(request)
    readme.write_text(whole.replace("- **Consent.**", "- "))
    with pytest.raises(UserError, match=r"README\.md: lacks the section"):
        require_told(request)
    readme.unlink()
    with pytest.raises(UserError, match=r"README\.md: lacks the section"):
        require_told(request)


def test_makers_say_what_their_own_sounds_are(run: Path, tmp_path: Path) -> None:
    edit(run, data={"name": "folder"})
    assert export_of(config_of(run)).people is None  # no sounds: a card says that it is not known
    assert "Whether its pictures show people" in card_of(run)
    assert "Whether its pictures show people" not in card_of(run, people="none")
    run = make_recipe(tmp_path / "heard", "song_classifier")
    assert export_of(config_of(run)).people is None and "Voices and faces" not in card_of(run)
    edit(run, data={"name": "folder"})
    with pytest.raises(UserError) as caught:
        export_of(config_of(run))
    (line,) = str(caught.value).splitlines()
    assert line.startswith("export.people: data=folder are your own")
    assert line.endswith("export.people=none, voices, faces or both")
    assert "whoever trained it has not said" in card_of(run)  # of the run, for its maker
    for say in ("none", "both"):
        assert export_of(config_of(run, people=say)).people == say
    edit(run, export={"people": "voices"})  # said when it was trained
    assert export_of(config_of(run)).people == "voices"
    assert "It was trained on voices of people." in card_of(run)
    edit(run, export={"people": "birds"})
    with pytest.raises(UserError, match=r"config\.yaml"):
        export_of(config_of(run))
