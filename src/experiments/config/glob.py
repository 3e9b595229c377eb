"""`model=glob(gan*)`: the options of a group that a pattern fits, as a list of several values."""

from __future__ import annotations

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Glob, Override

from experiments.config import outside
from experiments.terminal.error import UserError

AS = "as model=glob(gan*) or model=glob(*,exclude=gan*)"


def listed(override: Override) -> Override:
    """An override whose `glob()` is the list of what it stands for; any other as it is.

    Raises `UserError` where the key is no group of options, or none of them fits.
    """
    pattern = override.value()
    if not isinstance(pattern, Glob):
        return override
    name = override.key_or_group
    options = list(outside.options(name))
    if not options:
        raise UserError(
            f"{override.input_line}: {name} is no group of options; glob() lists those of one, {AS}"
        )
    found = pattern.filter(options)
    if not found:
        raise UserError(
            f"{override.input_line}: fits no option of {name}; there are: {', '.join(options)}"
        )
    line = f"{override.get_key_element()}=choice({','.join(found)})"
    return OverridesParser.create().parse_override(line)
