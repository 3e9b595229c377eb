"""Surroundings that differ from those of the tests: core dependencies alone, or packages hidden.

Whatever a process of its own finds when Python starts, it finds through `sitecustomize.py` of a
folder in front of its path.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest
from filelock import FileLock
from packaging.requirements import Requirement

from install import environment_of
from tests.supply.lock import ROOT, normal, project

HIDING = """
import sys

class Without:
    names, packages = frozenset({names!r}), frozenset({packages!r})

    def __init__(self, finder):
        self.finder = finder

    def find_spec(self, name, *where):
        hidden = name.partition(".")[0] in self.names
        return None if hidden else self.finder.find_spec(name, *where)

    def find_distributions(self, *asked):
        find = getattr(self.finder, "find_distributions", lambda *asked: ())
        return (one for one in find(*asked) if one.metadata["Name"] not in self.packages)

    def __getattr__(self, name):
        return getattr(self.finder, name)

sys.meta_path[:] = map(Without, sys.meta_path)
"""
# A file system without locks: NFS without lockd, Lustre without `flock`.
NO_LOCKS = """
import errno, fcntl, os

def no_locks(file, operation):
    raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

fcntl.flock = no_locks
"""
# Files below $NO_MAPS cannot be mapped, as on some network mounts and FUSE with direct_io.
NO_MAPS = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int below(int file) {
    char link[64], path[4096];
    const char *folder = getenv("NO_MAPS");
    if (file < 0 || !folder) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    return length > 0 && (path[length] = 0, strncmp(path, folder, strlen(folder)) == 0);
}

#define SHADOW(name)                                                              \
    void *name(void *at, size_t size, int may, int how, int file, off_t offset) { \
        static void *(*real)(void *, size_t, int, int, int, off_t);               \
        if (!real) real = dlsym(RTLD_NEXT, #name);                                \
        if (below(file)) { errno = ENODEV; return MAP_FAILED; }                   \
        return real(at, size, may, how, file, offset);                            \
    }
SHADOW(mmap)
SHADOW(mmap64)
"""


@cache
def extra_modules() -> frozenset[str]:
    """The modules that can be imported here and would not be with the core dependencies alone."""
    core = set(_needed(project()["dependencies"]))
    return frozenset(
        module
        for module, names in importlib.metadata.packages_distributions().items()
        if module != "experiments" and not core.intersection(map(normal, names))
    )


def _needed(requirements: Iterable[str]) -> Iterator[str]:
    """The names of these packages that are installed, and of all that they need."""
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = [(Requirement(text), frozenset({""})) for text in requirements]
    while waiting:
        need, extras = waiting.pop()
        if need.marker and not any(need.marker.evaluate({"extra": extra}) for extra in extras):
            continue
        found = (normal(need.name), frozenset({"", *need.extras}))
        if found in seen:
            continue
        seen.add(found)
        yield found[0]
        try:
            texts = importlib.metadata.requires(need.name) or []
        except importlib.metadata.PackageNotFoundError:
            continue
        waiting += [(Requirement(text), found[1]) for text in texts]


def hiding(folder: Path, modules: Iterable[str]) -> str:
    """A sitecustomize.py under `folder` that hides these modules, and that the packages which have
    them are installed; the PYTHONPATH that obeys it."""
    names = sorted(modules)
    having = importlib.metadata.packages_distributions()
    packages = sorted({package for name in names for package in having.get(name, ())})
    return starting(folder, HIDING.format(names=names, packages=packages))


def starting(folder: Path, code: str) -> str:
    """A sitecustomize.py under `folder`; the PYTHONPATH of a process that begins with it."""
    place = folder / "begin"
    place.mkdir(parents=True, exist_ok=True)
    (place / "sitecustomize.py").write_text(code)
    return os.pathsep.join([str(place), str(ROOT / "src")])


def without_maps(folder: Path, files: Path) -> dict[str, str]:
    """The environment of a process to which no file below `files` can be mapped. Skips the test
    where there is no compiler, or no Linux."""
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("needs a C compiler and Linux")
    source, library = folder / "no_maps.c", folder / "no_maps.so"
    source.write_text(NO_MAPS)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return os.environ | {"LD_PRELOAD": str(library), "NO_MAPS": str(files.resolve())}


def core_environment() -> Path:
    """The Python of a real environment that has this clone and its core dependencies alone, as
    `pip install -e .` gives it. It is made once for a state of pyproject.toml, in a minute, takes
    2 GB or more under `build/`, and all tests share it."""
    folder = ROOT / "build" / "core-environment"
    folder.parent.mkdir(exist_ok=True)
    state = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
    with FileLock(folder.with_name(f"{folder.name}.lock")):
        made = folder / "made-for"
        if not made.exists() or made.read_text() != state:
            shutil.rmtree(folder, ignore_errors=True)
            command = [sys.executable, str(ROOT / "install.py"), str(folder)]
            told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1800)
            assert told.returncode == 0, told.stderr[-4000:]
            made.write_text(state)
    return environment_of(folder)
