"""What `python -m keras_acts doctor` does: read a model and data from files, look, and write the report."""

import warnings
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_acts.monitor._callback import DyingReLUWarning
from keras_acts.monitor._diagnose import diagnose


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
