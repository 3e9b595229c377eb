"""What proposes values and what gives a trial up early, as a study asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from experiments.search.request import Search
from experiments.search.space import number as number_of
from experiments.terminal.error import UserError
from experiments.terminal.package import installing

if TYPE_CHECKING:
    from optuna.pruners import BasePruner
    from optuna.samplers import BaseSampler

STARTUP = {"sampler": 8, "pruner": 4}  # trials before either learns from those that are done


def require_optuna() -> None:
    """Raises `UserError` where Optuna is not installed."""
    try:
        import optuna  # noqa: F401
    except ImportError:
        raise UserError(f"search: needs Optuna; run {installing('optuna')}") from None


def sampler_of(search: Search, number: int) -> BaseSampler:
    """For the trial of that number: a tree-structured Parzen estimator (Bergstra et al. 2011) that
    models the keys together, or chance alone."""
    import numpy
    from optuna.samplers import RandomSampler, TPESampler

    seed = numpy.random.SeedSequence([int(search.sampler.get("seed", 0)), number])
    drawn = int(seed.generate_state(1)[0])
    if search.sampler.get("name") == "random":
        return RandomSampler(seed=drawn)
    return TPESampler(
        n_startup_trials=int(search.sampler.get("startup", STARTUP["sampler"])),
        multivariate=True,
        constant_liar=True,  # trials that run count as poor: several workers try different values
        seed=drawn,
    )


def pruner_of(search: Search) -> BasePruner:
    """`below` or `above` give up what is beyond a bound. Without them goes what is worse than the
    median of the complete trials was after as many images (Golovin et al. 2017).

    Steps are evaluations, the first is 1: `warmup` of them give nothing up.
    """
    from optuna.pruners import MedianPruner, NopPruner, ThresholdPruner

    if search.pruner is None:
        return NopPruner()
    warmup = int(search.pruner.get("warmup", 0)) + 1
    low, high = (number_of(search.pruner.get(name)) for name in ("below", "above"))
    if low is not None or high is not None:
        return ThresholdPruner(lower=low, upper=high, n_warmup_steps=warmup)
    startup = int(search.pruner.get("startup", STARTUP["pruner"]))
    return MedianPruner(n_startup_trials=startup, n_warmup_steps=warmup)
