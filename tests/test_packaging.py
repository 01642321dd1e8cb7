"""The package before its first activation: backend choice, version floor, public names, imports."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import keras
import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
CHOICE = ROOT / "keras_acts" / "_backend_choice.py"


def read(path):
    return (ROOT / path).read_text("utf-8")


def python(code, *options, **env):
    """Run code in a fresh interpreter that has no backend chosen; return the finished process."""
    unset = {"KERAS_BACKEND", "KERAS_HOME"}
    kept = {name: value for name, value in os.environ.items() if name not in unset}
    return subprocess.run(
        [sys.executable, *options, "-c", code],
        cwd=ROOT,
        env={**kept, **env},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture
def choose(tmp_path):
    """Run `choose` with only the given backends installed; return KERAS_BACKEND or the message.

    The child process sees the standard library (-S hides installed packages) and empty modules
    named after the backends, and has a home directory of its own.
    """

    def run(*installed, config=None, before="", **env):
        for name in installed:
            (tmp_path / f"{name}.py").touch()
        if config is not None:
            (tmp_path / ".keras").mkdir(exist_ok=True)
            (tmp_path / ".keras" / "keras.json").write_text(config)
        code = f"""if True:
            import os, runpy, sys
            {before}
            try:
                runpy.run_path({str(CHOICE)!r})["choose"]()
            except ImportError as error:
                print(error)
            else:
                print(os.environ.get("KERAS_BACKEND"))
        """
        own = dict.fromkeys(("HOME", "USERPROFILE", "PYTHONPATH"), str(tmp_path))
        child = python(code, "-S", **own, **env)
        assert child.stderr == ""
        return child.stdout.strip()

    return run


def keras_json(backend):
    return json.dumps({"backend": backend})


@pytest.mark.parametrize(
    ("installed", "chosen"),
    [
        (["jax"], "jax"),
        (["torch"], "torch"),
        (["torch", "jax"], "jax"),
        (["torch", "jax", "tensorflow"], "tensorflow"),
    ],
)
def test_with_nothing_chosen_the_first_installed_backend_is_taken(choose, installed, chosen):
    assert choose(*installed) == chosen


def test_keras_backend_is_respected(choose):
    assert choose("tensorflow", "jax", KERAS_BACKEND="jax") == "jax"


def test_empty_keras_backend_is_no_choice(choose):
    assert choose("jax", KERAS_BACKEND="") == "jax"


@pytest.mark.parametrize("name", ["numpy", "mlx"])
def test_names_beyond_the_three_are_left_to_keras(choose, name):
    assert choose("jax", KERAS_BACKEND=name) == name
    assert choose("jax", config=keras_json(name)) == "None"


def test_installed_choice_of_keras_json_is_left_to_keras(choose):
    assert choose("tensorflow", "jax", config=keras_json("jax")) == "None"


@pytest.mark.parametrize("config", [keras_json("tensorflow"), "{}", "not JSON"])
def test_keras_json_without_an_installed_backend_is_passed_over(choose, config):
    assert choose("jax", config=config) == "jax"


def test_keras_home_moves_keras_json(choose, tmp_path):
    (tmp_path / "keras.json").write_text(keras_json("torch"))
    chosen = choose("jax", "torch", config=keras_json("tensorflow"), KERAS_HOME=str(tmp_path))
    assert chosen == "None"


def test_nothing_is_chosen_once_keras_is_imported(choose):
    assert choose("jax", before="sys.modules['keras'] = sys") == "None"


def test_leftover_folder_is_not_a_backend(choose, tmp_path):
    (tmp_path / "tensorflow").mkdir()
    assert choose("jax") == "jax"


def test_missing_backend_is_named_with_its_remedy(choose):
    assert choose("jax", KERAS_BACKEND="torch") == (
        "KERAS_BACKEND is 'torch' but torch is not installed: expected an installed backend, found "
        "jax; run `pip install torch` or set KERAS_BACKEND to an installed one."
    )


def test_no_backend_at_all_says_how_to_install_one(choose):
    assert choose() == (
        "keras_acts found no Keras backend: expected one of tensorflow, jax or torch, found none; "
        "run `pip install jax`, `pip install tensorflow` or `pip install torch`."
    )


def oldest_keras():
    (floor,) = (line for line in PROJECT["dependencies"] if line.startswith("keras"))
    return floor.removeprefix("keras>=")


@pytest.mark.parametrize(
    ("version", "complaint"),
    [
        ("2.15.0", "found 2.15.0"),
        ("3.9.2", "found 3.9.2"),
        (f"{oldest_keras()}.0", ""),
        (f"{oldest_keras()}.0.dev1", ""),
        ("3.100.0", ""),
        ("4.0.0", ""),
    ],
)
def test_keras_older_than_the_declared_floor_is_refused(version, complaint):
    code = f"""if True:
        import runpy, sys, types
        sys.modules["keras"] = types.SimpleNamespace(__version__={version!r})
        try:
            runpy.run_path({str(CHOICE)!r})["check_version"]()
        except ImportError as error:
            print(error)
    """
    said = python(code, "-S").stdout
    assert complaint in said
    assert bool(said) == bool(complaint)
    if complaint:
        assert f'pip install --upgrade "keras>={oldest_keras()}"' in said


def test_oldest_keras_of_ci_is_the_declared_floor():
    assert f'"keras=={oldest_keras()}.0"' in read(".ci/run")


def test_commands_of_the_readme_are_those_of_ci_and_contributing():
    commands = [line for line in read("README.md").splitlines() if line.startswith("python3 ")]
    assert len(commands) == 2
    for command in commands:
        assert command in read(".ci/run").splitlines()
    assert commands[-1] in read("CONTRIBUTING.md").splitlines()


@pytest.fixture(scope="module")
def bare_import():
    """A fresh process that imports the package with nothing but the active backend to import.

    Keras and TensorFlow themselves import what they find, so the rest is made impossible to find.
    """
    active = keras.backend.backend()
    missing = {"tensorflow", "jax", "torch", "matplotlib", "sklearn"} - {active}
    code = f"""if True:
        import json, sys, types
        sys.modules.update(dict.fromkeys({missing}))
        import keras_acts
        public = [
            name for name, value in vars(keras_acts).items()
            if not name.startswith("_")
            and not (isinstance(value, types.ModuleType) and "keras_acts." in value.__name__)
        ]
        print(json.dumps([keras_acts.__all__, public, keras_acts.__version__]))
    """
    return python(code, KERAS_BACKEND=active)


def test_import_needs_the_active_backend_alone(bare_import):
    assert bare_import.returncode == 0, bare_import.stderr


def test_names_exported_are_the_names_public(bare_import):
    exported, public, _ = json.loads(bare_import.stdout)
    assert sorted(exported) == sorted(public)


def test_version_is_the_declared_one(bare_import):
    _, _, version = json.loads(bare_import.stdout)
    assert version == PROJECT["version"]
