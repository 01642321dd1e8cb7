"""What `python -m keras_acts doctor` does: read a model and data from files, look, and write the report."""

import warnings
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_acts import _backend_choice
from keras_acts.monitor._callback import DyingReLUWarning
from keras_acts.monitor._diagnose import diagnose

# Before this version a file could write outside the folder that Keras unpacks it in, whatever `safe_mode` says
# (CVE-2026-12479, seen in 3.14.0), or have another model loaded from anywhere (CVE-2026-1462).
_SAFE_KERAS = (3, 15, 1)


def run(model_path: Path, data_path: Path, out: Path, batch_size: int) -> None:
    """Print the summary and write `doctor.html` into the folder `out`.

    Raises:
        ValueError: A file is missing, is of another kind, or does not fit the other.
    """
    model, data = _model(model_path), _data(data_path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DyingReLUWarning)  # the summary says all that, too
            monitor = diagnose(model, data, batch_size)
        path = out / "doctor.html"
        monitor.report(path)
    except OSError as error:
        raise ValueError(
            f"the report cannot be written to {out}: {error}; choose another folder with --out."
        ) from error
    print(monitor.summary())
    print(path)


def _model(path: Path) -> Any:
    """The model, without running code that the file brings along."""
    if path.suffix != ".keras":
        raise ValueError(f"doctor reads models saved with model.save('name.keras'), got {path}; save it so.")
    if _backend_choice.version_of_keras() < _SAFE_KERAS:
        raise ValueError(
            f"doctor opens model files only with Keras {'.'.join(map(str, _SAFE_KERAS))} or newer, because a file can "
            f"harm an older one, but found {keras.__version__}; run `pip install --upgrade keras`, or call "
            "`keras_acts.diagnose` on a model of your own."
        )
    if not zipfile.is_zipfile(path):
        raise ValueError(f"there is no model in {path}: expected a file that model.save('name.keras') wrote.")
    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except (TypeError, ValueError, OSError, KeyError) as error:
        raise ValueError(f"the model in {path} cannot be loaded: {error}") from error


def _data(path: Path) -> np.ndarray:
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files} if hasattr(file, "files") else {"x": file}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise ValueError(f"no arrays can be read from {path}: {error}; write them with np.savez(path, x=x).") from error
    if "x" in arrays or len(arrays) == 1:
        return arrays.get("x", next(iter(arrays.values())))
    raise ValueError(f"{path} holds {sorted(arrays)}; expected one array, or one called 'x': np.savez(path, x=x).")
