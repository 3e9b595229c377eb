"""The pipeline of 2017 as files of conf/experiment: what each builds on, and what it wishes."""

from __future__ import annotations

import pytest

from experiments.run.prerequisite import Run
from tests.conf.test_experiments import comment, run


def needs(of: Run) -> dict[str, str]:
    """The recipes that a run builds on, by the node that asks."""
    return {
        path: need.choices["model"]
        for path, need in of.prerequisites.items()
        if isinstance(need, Run) and not path.startswith("metric")
    }


def test_the_five_parts_of_2017() -> None:
    made = run("antonova_2017")
    assert needs(made) == {"encoder": "siamese", "generator.picture": "stackgan_stage1"}
    siamese, picture = made.prerequisites["encoder"], made.prerequisites["generator.picture"]
    assert isinstance(siamese, Run) and isinstance(picture, Run)
    assert needs(siamese) == {"encoder.text": "sentence_vae"}
    assert picture.prerequisites["encoder"] == siamese  # both steps are told by the same one
    system = made.config["system"]
    assert (system["told"], system["wrong"], system["drawn_share"]) == (False, None, 0)
    assert system["generator"]["text_dim"] == 0
    assert picture.config["generator"]["text_dim"] == 512


def test_what_its_author_wished_for() -> None:
    made = run("antonova_2017_plus")
    assert needs(made)["generator.picture"] == "stackgan_stage2"
    config = made.config
    assert config["system"]["told"] and config["system"]["wrong"] == "mixed"
    assert config["generator"]["text_dim"] == 512
    assert config["encoder"]["actions"] and config["encoder"]["text"]["emphasis"] == "scale"
    assert config["trainer"]["minima"] == "generator"


@pytest.mark.parametrize("name", ["antonova_2017", "antonova_2017_plus", "antonova_2017_mpii"])
def test_a_file_names_its_command_and_its_page(name: str) -> None:
    _, title, *rest = comment(name)
    assert f": python run.py experiment={name}" in title
    assert "docs/text_to_clip.md" in " ".join(rest)


def test_films_are_of_mpii_md() -> None:
    made = run("antonova_2017_mpii", "data.root=films")
    assert made.choices["data"] == "mpii_md"
    assert made.choices["model"] == "text_to_clip"
