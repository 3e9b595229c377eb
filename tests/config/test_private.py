"""What we take of Hydra and OmegaConf that they promise nobody: where a release changes it, one of
these fails with the sentence that says what is to be done.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra._internal import defaults_list
from hydra._internal.sources_registry import SourcesRegistry
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf, base

from experiments.config import outside, quick
from experiments.config.compose import CONF, _compose, register

PRIVATE = [  # module, name, the parameters that we give, the file that takes it
    ("hydra._internal.utils", "get_args_parser", [], "command.py"),
    ("hydra._internal.utils", "create_config_search_path", ["search_path_dir"], "multirun.py"),
    (
        "hydra._internal.hydra",
        "Hydra.create_main_hydra2",
        ["task_name", "config_search_path"],
        "launch/multirun.py",
    ),
    (
        "hydra._internal.hydra",
        "Hydra.compose_config",
        ["config_name", "overrides", "run_mode", "with_log_configuration"],
        "launch/multirun.py",
    ),
    ("hydra._internal.callbacks", "Callbacks", ["config"], "launch/multirun.py"),
    (
        "hydra._internal.config_loader_impl",
        "ConfigLoaderImpl._apply_overrides_to_config",
        ["overrides", "cfg"],
        "config/override.py",
    ),
    (
        "hydra._internal.core_plugins.basic_sweeper",
        "BasicSweeper.split_arguments",
        ["overrides", "max_batch_size"],
        "study/command.py",
    ),
    ("hydra.core.override_parser.types", "Glob", [], "config/glob.py"),
    (
        "hydra._internal.defaults_list",
        "_create_interpolation_map",
        ["overrides", "defaults_list", "self_added"],
        "config/quick.py",
    ),
    ("hydra._internal.sources_registry", "SourcesRegistry.resolve", ["scheme"], "config/quick.py"),
]


@pytest.mark.parametrize(("module", "name", "parameters", "file"), PRIVATE)
def test_what_hydra_promises_nobody_is_there(
    module: str, name: str, parameters: list[str], file: str
) -> None:
    import hydra

    said = f"Hydra {hydra.__version__}: {file} takes {name} of {module}"
    try:
        found: Any = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError):
        pytest.fail(f"{said}, which is gone; find what does it now, or cap hydra-core")
    takes = list(inspect.signature(found).parameters)
    for parameter in parameters:
        if parameter not in takes:
            pytest.fail(f"{said} and gives {parameter}; it takes {', '.join(takes)} now")


def test_overrides_are_applied_as_if_they_were_composed() -> None:
    """`config/override.py` applies values by the private method that Hydra itself calls."""
    words = ["trainer.images=64", "+data.limit=8", "seed=3"]
    register()
    from experiments.config.override import checked_compose

    with initialize_config_dir(str(CONF), version_base="1.3"):
        whole = hydra_compose("config", overrides=words)
    ours = checked_compose(words)
    OmegaConf.set_struct(ours, False)
    ours.pop("hydra")
    assert OmegaConf.to_container(ours) == OmegaConf.to_container(whole), (
        "ConfigLoaderImpl._apply_overrides_to_config no longer does what Hydra's composition does; "
        "compose whole in config/override.py"
    )


def test_nodes_tell_what_the_checks_of_overrides_ask_them() -> None:
    cfg = OmegaConf.create({"a": 1, "b": "${a}", "c": {"_target_": "x"}})
    try:
        told = (
            cfg._get_node("b")._is_interpolation(),  # type: ignore[union-attr]
            cfg._get_node("b")._value(),  # type: ignore[union-attr]
            cfg._get_node("a")._is_interpolation(),  # type: ignore[union-attr]
        )
    except AttributeError as error:
        pytest.fail(f"OmegaConf: {error}; config/override.py asks it of nodes")
    assert told == (True, "${a}", False), "OmegaConf: nodes tell something else of interpolations"


def test_interpolations_are_parsed_once() -> None:
    """The patch of `config/compose.py`: OmegaConf calls `omegaconf.base.parse` for each, and we
    keep what it gave."""
    parse: Any = base.parse
    assert hasattr(parse, "cache_info"), (
        "omegaconf.base.parse is not ours: config/compose.py patches it; find where OmegaConf "
        "parses interpolations now, or remove the patch"
    )
    before = parse.cache_info()
    cfg = OmegaConf.create({"patched": 3, "b": "${ patched }"})
    assert [cfg.b, cfg.b] == [3, 3]
    after = parse.cache_info()
    seen = after.hits + after.misses - before.hits - before.misses
    assert seen >= 2 and after.hits > before.hits, (
        "OmegaConf no longer calls omegaconf.base.parse for an interpolation: the patch of "
        "config/compose.py does nothing, and composing takes three times as long; patch what does"
    )


def test_a_parsed_interpolation_is_not_changed_by_those_who_use_it() -> None:
    """What is kept is shared: it must stay what it was."""
    tree = base.parse("${x.y}")
    first = tree.getText()
    cfg = OmegaConf.create({"x": {"y": 2}, "b": "${x.y}"})
    assert cfg.b == 2 and base.parse("${x.y}") is tree and tree.getText() == first, (
        "OmegaConf changes what it parsed: the patch of config/compose.py must go"
    )


def test_composing_is_the_same_as_without_patches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of `config/quick.py`: each is called, and changes nothing."""
    words = ("model=attngan_4stage", "data=stamps", "encoder/text=minilm")
    _compose(words)
    before = quick._loaded.cache_info()
    ours = _compose(words)
    after = quick._loaded.cache_info()
    assert after.misses == before.misses and after.hits - before.hits > 20, (
        "Hydra no longer reads files by `load_config` of their source: the patch of "
        "config/quick.py does nothing, and composing takes twice as long; patch what does"
    )
    source: Any = SourcesRegistry.instance().resolve("file")
    monkeypatch.setattr(source, "load_config", quick._read[0])
    monkeypatch.setattr(defaults_list, "_create_interpolation_map", quick._map)
    theirs = _compose(words)
    assert OmegaConf.to_yaml(ours) == OmegaConf.to_yaml(theirs), (
        "Hydra composes otherwise with the patches of config/quick.py; they must go"
    )


def test_a_default_that_names_what_else_was_chosen(tmp_path: Path) -> None:
    """Only there Hydra asks what else was chosen; and a file that changed is read again."""
    conf = tmp_path / "conf"
    for group in ("model", "kind"):
        (conf / group).mkdir(parents=True)
    for name in ("one", "two"):
        text = "# @package _global_\ndefaults:\n  - damsm\n  - /kind: ${model}\n"
        (conf / "model" / f"{name}.yaml").write_text(text)
        (conf / "kind" / f"{name}.yaml").write_text(f"of: {name}\n")
    outside.begin([("--config-dir", str(conf))])
    try:
        assert [_compose((f"model={name}",)).kind.of for name in ("one", "two")] == ["one", "two"]
        (conf / "kind" / "one.yaml").write_text("of: new\n")
        assert _compose(("model=one",)).kind.of == "new"
    finally:
        outside.begin()


def test_the_grammar_of_overrides_is_the_one_that_we_quote_for() -> None:
    """`command.py` writes quotes as Hydra 1.3 reads them."""
    read: Callable[[str], Any] = OverridesParser.create().parse_override
    assert read('a="x, \\"y\\""').value() == 'x, "y"', (
        "Hydra reads quotes within quotes otherwise; mend `quoted` of command.py"
    )
