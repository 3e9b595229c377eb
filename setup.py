"""What pyproject.toml cannot say: an installation without -e takes conf/ and sweeps/ along."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class WithConfiguration(build_py):
    """Beside the modules, where `experiments.config.cache` looks next; not for `pip install -e`."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            for name in ("conf", "sweeps"):
                to = Path(self.build_lib) / "experiments" / name
                shutil.copytree(name, to, dirs_exist_ok=True)


setup(cmdclass={"build_py": WithConfiguration})
