"""A model file can reach every registered class, whatever `safe_mode` says: none may do more than compute."""

import ast
import inspect
import json
import re
from pathlib import Path

import keras
import numpy as np
import pytest
from samples import CATALOGUE

import keras_acts
from keras_acts import _backend_choice, _core
from keras_acts.__main__ import main

SOURCES = sorted(Path(keras_acts.__file__).parent.rglob("*.py"))
REGISTERED = {
    name: thing for name, thing in keras.saving.get_custom_objects().items() if name.startswith("keras_acts>")
}
CLASSES = [thing for thing in REGISTERED.values() if inspect.isclass(thing)]
# The words that a constructor knows; any other text must be refused.
WORDS = {
    *("first", "second", "interleaved", "spatial", "all", "channels_first", "channels_last", "uniform", "A", "B"),
    *CATALOGUE,
    *(facts.layer.__name__ for facts in CATALOGUE.values()),
}
KERAS_ARGUMENTS = ("initializer", "regularizer", "constraint")


def parameters(kind):
    """The configuration of a class as a file holds it: each argument by name, with its default."""
    arguments = inspect.signature(kind).parameters.values()
    needed = [p.name for p in arguments if p.default is p.empty and p.kind != p.VAR_KEYWORD]
    return json.loads(json.dumps(kind(**dict.fromkeys(needed, 4)).get_config()))


def is_harmless(value, name):
    """Whether a value can say no more than a number, a switch, a known word, or a list of whole numbers."""
    if name.endswith(KERAS_ARGUMENTS) or name == "dtype":
        is_own = isinstance(value, dict) and str(value["registered_name"]).startswith("keras_acts>")
        return value is None or isinstance(value, str) or is_own or value["module"].split(".")[0] == "keras"
    if isinstance(value, list):
        return all(type(entry) is int for entry in value)
    if isinstance(value, str):
        return value in WORDS
    if isinstance(value, dict):  # an activation, as Keras saves it
        return value["registered_name"].startswith("keras_acts>") or value["config"].startswith("keras_acts>")
    return value is None or isinstance(value, bool | int | float)


HOSTILE = {
    "a path": "/etc/passwd",
    "a class": {"module": "keras.layers", "class_name": "Lambda", "config": {}, "registered_name": None},
    "a function": {"module": "builtins", "class_name": "function", "config": "print", "registered_name": "function"},
    "a list of text": ["/etc/passwd"],
}


def test_every_registered_object_is_in_the_catalogue_or_known_here():
    known = {f"keras_acts>{name}" for facts in CATALOGUE.values() for name in (facts.name, facts.layer.__name__)}
    assert REGISTERED.keys() - known == {"keras_acts>GatedDense", "keras_acts>AtLeast"}
    for name, thing in REGISTERED.items():
        assert inspect.isclass(thing) or CATALOGUE[name.removeprefix("keras_acts>")].function is thing


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_a_configuration_says_numbers_switches_and_known_words_alone(kind):
    config = parameters(kind)
    for name, value in config.items():
        if name != "name":
            assert is_harmless(value, name), f"{kind.__name__}: {name}={value!r}"
    with pytest.raises((TypeError, ValueError)):
        kind.from_config({**config, "path": "/etc/passwd"})
    accepted = []
    for name in config.keys() - {"name", "trainable", "dtype"}:
        for label, value in HOSTILE.items():
            try:
                kind.from_config({**config, name: value})
            except (TypeError, ValueError):
                continue
            accepted.append(f"{label} as {name}")
    assert not accepted, f"{kind.__name__} took {accepted}"


def test_nothing_else_may_take_a_registered_name():
    with pytest.raises(ImportError, match="already knows another object as 'keras_acts>leaky_relu'"):
        _core.register("leaky_relu", object())
    assert keras.saving.get_registered_object("keras_acts>leaky_relu") is keras_acts.leaky_relu


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_nothing_runs_text_or_loads_objects(path):
    """Beside what ruff's rules S look for, which no `noqa` in the package switches off."""
    text = path.read_text("utf-8")
    assert "safe_mode=False" not in text
    assert "allow_pickle=True" not in text
    assert not re.search(r"noqa: *[^#\n]*S[13]\d\d", text)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = {alias.name for alias in node.names} | {getattr(node, "module", None) or ""}
            assert not names & {"pickle", "marshal", "shelve", "dill", "joblib", "yaml", "cloudpickle"}
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in ("eval", "exec", "compile", "__import__")
        if isinstance(node, ast.Attribute):
            assert node.attr not in ("enable_unsafe_deserialization", "system", "popen")


def test_doctor_opens_no_file_with_a_keras_that_files_can_harm(tmp_path, capsys, monkeypatch):
    keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, "relu")]).save(tmp_path / "model.keras")
    np.savez(tmp_path / "x.npz", x=np.ones((2, 3)))
    command = ["doctor", str(tmp_path / "model.keras"), "--data", str(tmp_path / "x.npz"), "--out", str(tmp_path)]
    for version, code in (((3, 14, 0), 2), ((3, 15, 0), 2), ((3, 15, 1), 0)):
        monkeypatch.setattr(_backend_choice, "version_of_keras", lambda version=version: version)
        assert main(command) == code
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2
    assert "only with Keras 3.15.1 or newer" in said[0]
    assert "`pip install --upgrade keras`" in said[0]
