"""Saved models with something wrong in them, and a watch over what loading them does.

A mutation takes a `random.Random`, so that hypothesis can draw it and shrink it in `test_hostile.py`, and a seed can
repeat it in `benchmarks/fuzz.py`.
"""

import contextlib
import copy
import io
import json
import os
import signal
import sys
import tempfile
import threading
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
from samples import CATALOGUE, arguments, kind, to_numpy

NAMES = [name for name in CATALOGUE if kind(CATALOGUE[name]).least_rank < 4]
X = np.random.default_rng(0).normal(0, 2, (2, 12)).astype("float32")
SECONDS = 30  # until a load counts as one that hangs
CONFIG, WEIGHTS = "config.json", "model.weights.h5"


# What runs code, or reaches beyond the file: names of audit events, each with the arguments that are harmless.
def _is_module(code, *_):
    return not hasattr(code, "co_filename") or Path(code.co_filename).exists()  # an import does so too


def _is_reading_or_temporary(path, mode, flags):
    if not isinstance(path, str | bytes | os.PathLike) or not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        return True
    path = Path(os.fsdecode(path)).resolve()
    return path.is_relative_to(Path(tempfile.gettempdir()).resolve()) and "escaped" not in path.name


FORBIDDEN = {
    **dict.fromkeys(
        ("os.system", "os.exec", "os.fork", "os.posix_spawn", "subprocess.Popen", "pty.spawn", "socket.connect")
    ),
    **dict.fromkeys(("pickle.find_class", "code.__new__", "function.__new__", "webbrowser.open", "urllib.Request")),
    "exec": _is_module,
    "open": _is_reading_or_temporary,
}


class CodeExecutedError(BaseException):
    """Loading did what a file must not bring about. No `except Exception` on the way may hide it."""


class HangError(BaseException):
    """Loading took too long."""


_watched: list[threading.Thread] = []


def _audit(event, arguments):
    if _watched and event in FORBIDDEN and threading.current_thread() in _watched:
        is_harmless = FORBIDDEN[event]
        if is_harmless is None or not is_harmless(*arguments):
            raise CodeExecutedError(f"{event} with {arguments!r:.200}")


sys.addaudithook(_audit)  # for good, as Python knows no other way; it does nothing but while something is watched


def _too_long(*_):
    raise HangError(f"not done after {SECONDS} s")


@contextlib.contextmanager
def watched():
    """Within it, in this thread, code that runs from data, programs, sockets and files elsewhere end in an error."""
    has_timer = hasattr(signal, "setitimer")
    before = signal.signal(signal.SIGALRM, _too_long) if has_timer else None
    _watched.append(threading.current_thread())
    try:
        if has_timer:
            signal.setitimer(signal.ITIMER_REAL, SECONDS)
        yield
    finally:
        _watched.clear()
        if has_timer:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)


# A model to begin with


def model_of(names):
    inputs = keras.Input((12,))
    hidden = keras.layers.Dense(12, CATALOGUE["leaky_relu"].function, name="dense")(inputs)
    return keras.Model(inputs, {name: CATALOGUE[name].layer(name=name)(hidden) for name in names})


def parts_of(model):
    """What the model's file holds, by name."""
    with tempfile.TemporaryDirectory() as folder:
        model.save(f"{folder}/model.keras")
        with zipfile.ZipFile(f"{folder}/model.keras") as archive:
            return {name: archive.read(name) for name in archive.namelist()}


def packed(parts):
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return sink.getvalue()


# Mutations

CALLS = [  # what a class, a function or an object may be named as
    {"module": "os", "class_name": "function", "config": "system", "registered_name": "function"},
    {"module": "builtins", "class_name": "function", "config": "eval", "registered_name": "function"},
    {"module": "subprocess", "class_name": "Popen", "config": {"args": "true"}, "registered_name": None},
    {"module": "keras.layers", "class_name": "Lambda", "config": {"function": "print"}, "registered_name": None},
    {"class_name": "__lambda__", "config": {"value": ["4wAAAAAA", None, None]}},
    {"module": "keras.utils", "class_name": "get_file", "config": {"origin": "file:///etc/passwd"}},
    {"module": "pickle", "class_name": "function", "config": "loads", "registered_name": "function"},
    {"module": "keras.saving", "class_name": "function", "config": "load_model", "registered_name": "function"},
]
LEAVES = [None, True, -1, 0, 1, 2**70, -(2**70), 1e300, -1e300, 0.5, float("nan"), float("inf"), "", "/etc/passwd"]
LEAVES += ["../../escaped", "eval", "keras_acts>gelu", "keras_acts>GELU", "x" * 5000, [], {}, [[["a"]]], [0] * 50]
NAMES_IN_FILES = ["../escaped.txt", "/tmp/../escaped.txt", "assets/../../escaped.txt", CONFIG, "a/" * 200]  # noqa: S108


def tampered_bytes(data, rng):
    """Some bytes changed, taken away, doubled or put in."""
    data = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at, size = rng.randrange(len(data) + 1), rng.randint(1, 40)
        how = rng.choice(("flip", "take", "double", "put", "end"))
        if how == "flip" and at < len(data):
            data[at] ^= 1 << rng.randrange(8)
        elif how == "take":
            del data[at : at + size]
        elif how == "double":
            data[at:at] = data[at : at + size]
        elif how == "put":
            data[at:at] = bytes(rng.randrange(256) for _ in range(size))
        elif how == "end":
            del data[max(1, at) :]
    return bytes(data)


def _places(tree, path=()):
    """The paths of everything inside nested dicts and lists."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in items:
        yield (*path, key)
        yield from _places(value, (*path, key))


def _at(tree, path):
    for key in path:
        tree = tree[key]
    return tree


def tampered_config(config, rng):
    """A copy of what JSON holds, with some of it replaced, taken away, or put elsewhere."""
    config = copy.deepcopy(config)
    for _ in range(rng.randint(1, 3)):
        places = list(_places(config))
        if not places:
            break
        *path, key = rng.choice(places)
        inside, how = _at(config, path), rng.choice(("leaf", "leaf", "call", "take", "copy", "key"))
        if how == "leaf":
            inside[key] = copy.deepcopy(rng.choice(LEAVES))  # the next change may be inside it
        elif how == "call":
            inside[key] = copy.deepcopy(rng.choice(CALLS))
        elif how == "take":
            del inside[key]
        elif how == "copy":
            inside[key] = copy.deepcopy(_at(config, rng.choice(places)))
        elif isinstance(inside, dict):
            inside[rng.choice(("path", "filepath", "fn", "build_config", "compile_config", "inner_config"))] = (
                "os.system"
            )
    return config


def tampered_weights(data, rng):
    """The weights' file with one of its arrays of another shape, kind or place, or gone."""
    sink = io.BytesIO(data)
    with h5py.File(sink, "r+") as file:
        arrays = []
        file.visititems(lambda name, item: arrays.append(name) if isinstance(item, h5py.Dataset) else None)
        name = rng.choice(arrays)
        shape, how = file[name].shape, rng.choice(("gone", "shape", "text", "nan", "link", "external", "group", "huge"))
        del file[name]
        if how == "shape":
            file[name] = np.zeros((*shape, 2), "float32")
        elif how == "text":
            file[name] = "eval"
        elif how == "nan":
            file[name] = np.full(shape, np.nan, "float32")
        elif how == "link":
            file[name] = h5py.SoftLink("/")
        elif how == "external":
            file[name] = h5py.ExternalLink("/etc/passwd", "/")
        elif how == "group":
            file.create_group(name)
        elif how == "huge":  # takes no place in the file
            file.create_dataset(name, (2**20, 2**20), "float32", chunks=(1024, 1024), fillvalue=1.0)
    return sink.getvalue()


def tampered_file(parts, rng):
    """The bytes of a file with one thing wrong, and what that is."""
    how = rng.choice(("bytes", "config", "config", "config", "weights", "weights' bytes", "names"))
    if how == "bytes":
        return how, tampered_bytes(packed(parts), rng)
    if how == "config":
        changed = {CONFIG: json.dumps(tampered_config(json.loads(parts[CONFIG]), rng))}
    elif how == "weights":
        changed = {WEIGHTS: tampered_weights(parts[WEIGHTS], rng)}
    elif how == "weights' bytes":
        changed = {WEIGHTS: tampered_bytes(parts[WEIGHTS], rng)}
    else:
        changed = {rng.choice(NAMES_IN_FILES): rng.choice((b"{}", b"x", parts[CONFIG]))}
    return how, packed({**parts, **changed})


# Judgement


def outcome(path, expected=None):
    """Load a file and use what it holds; returns "refused", or "loaded" where that is what it says it is.

    Args:
        path: The file.
        expected: What a model computes from `X` that is loaded though only bytes of its file changed, by name.

    Raises:
        AssertionError: It loaded as something else than it says.
        CodeExecutedError: It ran code, or reached beyond the file.
        HangError: It took too long.
    """
    try:
        with watched():
            model = keras.saving.load_model(path)
    except Exception:  # whatever the reason, it is told
        return "refused"
    own = [layer for layer in model.layers if type(layer).__module__.startswith("keras_acts")]
    for layer in own:
        check_layer(layer)
    if expected is not None:
        got = model(X)
        assert got.keys() == expected.keys()
        for name, result in expected.items():
            np.testing.assert_array_equal(to_numpy(got[name]), result, err_msg=name)
    return "loaded"


def check_layer(layer):
    """A layer that was made is one that its constructor takes, and computes its function."""
    config = json.dumps(layer.get_config())  # as text, in which one NaN equals another
    assert json.dumps(type(layer).from_config(json.loads(config)).get_config()) == config, layer
    facts = getattr(layer, "facts", None)
    if facts is None or not layer.built or layer.compute_dtype != "float32":
        return
    try:
        got = layer(X)
    except (TypeError, ValueError):  # made for another shape
        return
    np.testing.assert_allclose(
        to_numpy(got), to_numpy(facts.function(X, **arguments(facts, layer))), rtol=1e-5, atol=1e-6, err_msg=facts.name
    )
