"""`glob()` lists the options of a group, on command lines and in studies."""

from __future__ import annotations

import pytest

from experiments.config.compose import CONF
from experiments.study.command import study_of
from experiments.terminal.error import UserError

GANS = sorted(path.stem for path in (CONF / "model").glob("gan*.yaml"))


def test_a_pattern_is_a_run_of_each_option_that_it_fits() -> None:
    study = study_of(["model=glob(gan*)", "seed=1"])
    assert len(GANS) > 3 and study.varied == ["model"]
    assert [job.settings for job in study.jobs] == [{"model": name} for name in GANS]
    assert [job.overrides for job in study.jobs] == [[f"model={name}", "seed=1"] for name in GANS]


def test_a_pattern_can_leave_options_out_and_add_a_group() -> None:
    jobs = study_of(["model=glob([gan_*,vgan],exclude=[gan_int*,*3d])"]).jobs
    assert [job.overrides for job in jobs] == [["model=gan_cls"], ["model=vgan"]]
    (job,) = study_of(["+debug=glob(tin*)"]).jobs
    assert job.overrides == ["+debug=tiny"]


def test_a_pattern_replaces_a_list_of_a_study() -> None:
    jobs = study_of(["study=stages", "model=glob(attngan_4*)", "seed=0"]).jobs
    assert {job.settings["model"] for job in jobs} == {"attngan_4stage"}


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("model=glob(zzz*)", "model=glob(zzz*): fits no option of model; there are: attngan, "),
        ("seed=glob(*)", "seed=glob(*): seed is no group of options; glob() lists those of one"),
    ],
)
def test_a_pattern_that_stands_for_nothing_is_refused(override: str, told: str) -> None:
    with pytest.raises(UserError) as caught:
        study_of([override])
    assert str(caught.value).startswith(told)
