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


def on_post_build(config):
    """Keep the pictures of the site small: few colours are all that a figure has."""
    from PIL import Image

    for path in Path(config.site_dir).rglob("*.png"):
        if path.stat().st_size > 20_000:
            picture = Image.open(path).convert("RGB")
            picture.quantize(64, dither=Image.Dither.NONE).save(path, optimize=True)
