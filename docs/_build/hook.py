"""Lets `mkdocs build` and `mkdocs serve` write the generated pages first; other generators need a command more."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path


def on_pre_build(config):
    """Run `python docs/_build pages`, on the backend that starts fastest."""
    backend = next((name for name in ("jax", "torch", "tensorflow") if find_spec(name)), "")
    environment = {**os.environ, "KERAS_BACKEND": os.environ.get("KERAS_BACKEND") or backend}
    environment["PYTHONPATH"] = str(Path(config.config_file_path).parent)
    subprocess.run([sys.executable, str(Path(__file__).parent), "pages"], env=environment, check=True)
