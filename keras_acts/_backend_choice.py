"""Which backend Keras will load, settled before the first `import keras`.

Keras decides when it is imported: it takes the environment variable KERAS_BACKEND, else the choice
in keras.json, else TensorFlow, installed or not. So with only JAX installed, and nothing set,
`import keras` stops with "No module named 'tensorflow'". `choose` fills that gap and nothing else.
"""

import importlib.util
import json
import os
import sys
from pathlib import Path

BACKENDS = ("tensorflow", "jax", "torch")
OLDEST_KERAS = (3, 12)


def choose() -> None:
    """Point KERAS_BACKEND at an installed backend, unless the user already made a choice.

    The first of these that applies settles it: Keras is already imported; KERAS_BACKEND; the
    backend in keras.json, if installed; the first installed of TensorFlow, JAX and torch. Names
    other than these three are left to Keras, which has more backends and takes plug-ins.

    Raises:
        ImportError: If KERAS_BACKEND names one of the three and it is not installed, or if nothing
            was chosen and none of them is installed.
    """
    if "keras" in sys.modules:
        return
    named = os.environ.get("KERAS_BACKEND")
    if named:
        if named in BACKENDS and not is_installed(named):
            raise ImportError(
                f"KERAS_BACKEND is {named!r} but {named} is not installed: expected an installed "
                f"backend, found {_found()}; run `pip install {named}` or set KERAS_BACKEND to an "
                "installed one."
            )
        return
    configured = _configured()
    if configured and (configured not in BACKENDS or is_installed(configured)):
        return
    for backend in BACKENDS:
        if is_installed(backend):
            os.environ["KERAS_BACKEND"] = backend
            return
    raise ImportError(
        "keras_acts found no Keras backend: expected one of tensorflow, jax or torch, found none; "
        "run `pip install jax`, `pip install tensorflow` or `pip install torch`."
    )


def check_version() -> None:
    """Stop with one sentence if the imported Keras is older than the tests cover.

    Raises:
        ImportError: If Keras is older than `OLDEST_KERAS`.
    """
    if version_of_keras() < OLDEST_KERAS:
        version = sys.modules["keras"].__version__
        oldest = ".".join(map(str, OLDEST_KERAS))
        raise ImportError(
            f"keras_acts needs Keras {oldest} or newer but found {version}; "
            f'run `pip install --upgrade "keras>={oldest}"`.'
        )


def version_of_keras() -> tuple[int, ...]:
    """The version of the imported Keras as numbers, without what marks a development version."""
    return tuple(int(part) for part in sys.modules["keras"].__version__.split(".")[:3] if part.isdigit())


def is_installed(module: str) -> bool:
    """Whether a top-level module can be imported, found without importing it."""
    spec = importlib.util.find_spec(module)
    # An uninstalled package may leave its folder behind; that looks like a package without a file.
    return spec is not None and spec.origin is not None


def _found() -> str:
    return ", ".join(backend for backend in BACKENDS if is_installed(backend)) or "none"


def _configured() -> str | None:
    """The backend named in keras.json, or None where there is no such file or name."""
    home = os.environ.get("KERAS_HOME", "~/.keras")
    try:
        settings = json.loads(Path(home, "keras.json").expanduser().read_text("utf-8"))
    except (OSError, ValueError, RuntimeError):  # RuntimeError: no home directory to expand
        return None
    return settings.get("backend")
