"""What a score raises is a reason; a value that is not finite is none."""

from __future__ import annotations

import math

import pytest

from experiments.metric.protocol import Protocol, heard_as
from experiments.metric.result import Result, Scored, Undefined
from experiments.terminal.error import PeerLost, UserError

PROTOCOL = Protocol(2, 2, "test", "central", {}, {}, 0, 1)


def raises(error: BaseException) -> float:
    raise error


def test_what_is_raised_is_a_reason() -> None:
    found = Scored()
    assert found.attempt("frechet/x", lambda: 2.0) == 2.0
    for name, error in {
        "kernel/x": RuntimeError("linalg.eigh: failed to converge"),
        "diversity/x": Undefined("3 images gave NaN"),
        "r_precision": UserError("captions are of one class"),
        "inception_score/x": AssertionError(),
    }.items():
        assert found.attempt(name, lambda error=error: raises(error)) is None
    assert found.skipped["kernel/x"] == "RuntimeError: linalg.eigh: failed to converge"
    assert found.skipped["inception_score/x"] == "AssertionError"
    assert found.undefined == ["kernel/x", "diversity/x", "inception_score/x"]
    told = found.result(PROTOCOL).told
    assert len(told) == 3 and not any("r_precision" in line for line in told)


def test_what_is_no_matter_of_a_score_is_raised() -> None:
    found = Scored()
    with pytest.raises(RuntimeError, match="closed by peer"):
        found.attempt("x", lambda: raises(RuntimeError("Connection closed by peer")))
    with pytest.raises(PeerLost):
        found.attempt("x", lambda: raises(PeerLost("gone")))
    with pytest.raises(KeyboardInterrupt):
        found.attempt("x", lambda: raises(KeyboardInterrupt()))
    assert not found.skipped


def test_a_value_that_is_not_finite_is_none() -> None:
    scores = {"a/x": math.nan, "a/x/std": math.nan, "a/x/real": 1.0, "b/x": math.inf, "c/x": 2.0}
    result = Result(scores, PROTOCOL, {"d": "no"})
    assert result.scores == {"a/x/real": 1.0, "c/x": 2.0}
    assert result.skipped == {"d": "no", "a/x": "is not finite", "b/x": "is not finite"}
    assert result.undefined == ("a/x", "b/x")
    assert result.told == ["not computed: a/x, b/x (is not finite)"]


def test_a_protocol_says_whose_voices_were_heard() -> None:
    frontend = {"class": "LogMel", "rate": 22050, "bins": 40}
    voices = {"train": ["espeak/f1", "espeak/m1"], "test": ["espeak/m1", "espeak/m2"]}
    assert heard_as({"frontend": frontend, "voices": voices}) == {
        "front-end": "LogMel (rate 22050, bins 40)",
        "voices heard in training": "espeak/f1, espeak/m1",
        "voices of the test": "espeak/m1, espeak/m2",
        "voices of the test that training heard": "1 of 2",
    }
    apart = {"frontend": frontend, "voices": {"train": ["a/b"], "test": ["a/c"]}}
    assert heard_as(apart)["voices of the test that training heard"] == "none"
    many = [f"espeak/{k}" for k in range(9)] + ["flite/slt"]
    apart = {"frontend": frontend, "voices": {"train": many, "test": ["a/c"]}}
    assert heard_as(apart)["voices heard in training"] == "9 of espeak, 1 of flite"
    assert heard_as({"frontend": frontend, "voices": "recordings"})["voices"] == "recordings"
    assert heard_as(None) == {}
