"""JSON that other people wrote: each text is read whole and as it was meant, or refused.

The standard reader takes the last of two entries with one key, and what stood in the first is lost
without a word. `file.parse.parse_json` would refuse half a pair of surrogates, which here costs the
caption that it stands in and not its record.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from experiments.file.name import shown
from experiments.terminal.error import BadInput


def loads(text: str | bytes) -> Any:
    """The value of a JSON text. Raises `BadInput` with the reason where it is none."""
    try:
        return json.loads(text, object_pairs_hook=_unique)
    except BadInput:
        raise
    except RecursionError:
        raise BadInput("nested too deep") from None
    except UnicodeDecodeError:
        raise BadInput("not UTF-8") from None
    except json.JSONDecodeError:
        raise BadInput("not JSON") from None
    except ValueError:
        raise BadInput("a number is too long") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        twice, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise BadInput(f"key {shown(twice)} appears twice")
    return table
