"""Gradio, imported without what serves its own developers.

At each import it parses the sources of all its components and writes stubs for editors beside them:
a second of processor time, and files in an environment that may be another's.
"""

from __future__ import annotations

import importlib
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

MODULE, STUBS = "gradio.component_meta", "create_or_modify_pyi"


class _WithoutStubs(MetaPathFinder):
    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name != MODULE:
            return None
        spec = PathFinder.find_spec(name, path)
        if spec is None or spec.loader is None:
            return None
        load = spec.loader.exec_module

        def executed(module: ModuleType) -> None:
            load(module)
            if hasattr(module, STUBS):
                setattr(module, STUBS, lambda *_: None)

        spec.loader.exec_module = executed  # type: ignore[method-assign]
        return spec


def import_gradio() -> None:
    """May be called from any thread, before or after something else has imported it."""
    if "gradio" in sys.modules:
        return
    finder = _WithoutStubs()
    sys.meta_path.insert(0, finder)
    try:
        importlib.import_module("gradio")
    finally:
        sys.meta_path.remove(finder)
