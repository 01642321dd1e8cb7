"""`python -m keras_acts`: what each command prints and writes."""

import csv

import keras
import numpy as np
import pytest

import keras_acts
from keras_acts import _backend, accuracy, bench
from keras_acts.__main__ import main
from keras_acts._core import CATALOGUE


def test_list_names_every_activation_of_a_kind(capsys):
    assert main(["list", "--kind", "gated"]) == 0
    printed = capsys.readouterr().out.splitlines()
    names = [line.split()[0] for line in printed[:-1]]
    assert names == keras_acts.list_activations("gated")
    assert printed[-1].startswith(f"{len(names)} activations")


def test_show_prints_the_facts_and_draws(capsys, tmp_path):
    assert main(["show", "swish", "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "x / (1 + exp(-x))" in printed
    picture = tmp_path / "silu.png"
    assert str(picture) in printed
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_sheet_draws_what_it_is_asked_for(capsys, tmp_path):
    sizes = []
    for names in (["relu"], ["relu", "gelu", "mish"]):
        assert main(["sheet", *names, "--out", str(tmp_path)]) == 0
        sizes.append((tmp_path / "activations.png").stat().st_size)
    assert 1000 < sizes[0] < sizes[1]


def test_accuracy_prints_and_writes_the_table(capsys, tmp_path):
    assert main(["accuracy", "hardswish", "relu", "--dtype", "float16", "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert (tmp_path / "accuracy.md").read_text("utf-8") == printed
    rows = [line for line in printed.splitlines() if line.startswith("| `")]
    assert [row.split("|")[1].strip() for row in rows] == ["`hard_silu`", "`relu`"]
    assert "| 0.00 |" in rows[1]
    assert (tmp_path / "accuracy.csv").read_text("utf-8").count("\n") > len(rows)


def test_bench_measures_against_the_floor_and_the_rivals(capsys, tmp_path):
    options = ["--backends", keras.backend.backend(), "--mib", "0.25", "--rounds", "2", "--out", str(tmp_path)]
    assert main(["bench", "mish", *options]) == 0
    table = capsys.readouterr().out
    assert (tmp_path / "speed.md").read_text("utf-8") == table
    assert (tmp_path / "speed.png").read_bytes().startswith(b"\x89PNG")
    with open(tmp_path / "speed.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["by"] for row in rows} >= {"keras_acts", "keras", "naive"}
    assert {row["way"] for row in rows} == set(_backend.compilers())
    for row in rows:
        assert 0 < float(row["low"]) <= float(row["ratio"]) <= float(row["high"])


@pytest.mark.usefixtures("quick_compilation")
@pytest.mark.parametrize("name", [name for name, facts in CATALOGUE.items() if facts.formula])
def test_what_bench_takes_for_naive_is_the_formula(name):
    facts = CATALOGUE[name]
    parameters = accuracy.parameters_of(facts)
    x = np.linspace(-2.1, 2.3, 40, dtype="float32")
    shown = keras.ops.convert_to_numpy(bench.naive(facts.formula, parameters)(keras.ops.convert_to_tensor(x)))
    exact = accuracy.truth(facts, parameters, x).value
    np.testing.assert_allclose(shown, exact, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("command", ["show", "accuracy"])
def test_unknown_name_is_one_line_and_status_2(command, capsys):
    assert main([command, "rellu"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert "did you mean 'relu'" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["glu"], "glu is not elementwise"),
        (["relu", "--rounds", "0"], "--rounds: expected a number above 0, not 0"),
        (["relu", "--mib", "-1"], "--mib: expected a number above 0, not -1"),
        (["relu", "--mib", "much"], "--mib: invalid float value: 'much'"),
        (["relu", "--backends", "cuda"], "'cuda' is no installed backend; expected some of"),
    ],
)
def test_bench_refuses_what_it_cannot_measure(options, words, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["bench", *options])
    assert words in capsys.readouterr().err


def test_help_names_all_commands(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    printed = capsys.readouterr().out
    assert all(f"    {name} " in printed for name in ("list", "show", "sheet", "accuracy", "bench"))
