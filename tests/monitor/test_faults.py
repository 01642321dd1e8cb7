"""What goes wrong around a monitor harms neither the model nor what the monitor knows so far."""

import contextlib
import copy
import gc
import importlib
import json
import pickle
import warnings
import weakref

import keras
import numpy as np
import pytest
from keras import layers
from recounting import check, fit, quiet, still

import keras_acts
from keras_acts.monitor import DyingReLUWarning, History

BACKEND = keras.backend.backend()


def small():
    return keras.Sequential([keras.Input((5,)), layers.Dense(9, "relu", name="hidden"), layers.Dense(1)])


def inputs_of(model, x):
    kernel, bias = model.get_layer("hidden").get_weights()
    return x @ kernel + bias


class Fails(keras.callbacks.Callback):
    """Raises in the given hook of the second epoch."""

    def __init__(self, hook, error):
        super().__init__()
        self.error, self.epoch = error, 0
        setattr(self, hook, self.fail)

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def fail(self, batch, logs=None):
        if self.epoch == 1:
            raise self.error


@pytest.mark.parametrize("hook", ["on_train_batch_begin", "on_train_batch_end", "on_epoch_end"])
@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("planned")])
def test_fit_that_is_broken_off(rows, tmp_path, hook, error):
    model = still(small())
    model.make_train_function()
    step, call = model.train_function, keras.layers.Layer.__call__
    path = tmp_path / "history.jsonl"
    monitor = quiet(path=path)
    with pytest.raises(type(error)):
        fit(model, rows, monitor, epochs=3, callbacks=[Fails(hook, error)])
    assert keras.layers.Layer.__call__ is call
    finished = [-1, 0, 1] if hook == "on_epoch_end" else [-1, 0]
    assert monitor.history.epochs == finished
    assert [json.loads(line)["epoch"] for line in path.read_text().splitlines()[1:]] == finished
    check(monitor, "hidden", inputs_of(model, rows))

    model.train_on_batch(rows, np.zeros((40, 1)))
    model.predict(rows, verbose=0)
    model.save(tmp_path / "model.keras")
    model.fit(rows, np.zeros((40, 1)), verbose=0)
    assert model.train_function is step
    fit(model, rows, monitor)
    check(monitor, "hidden", inputs_of(model, rows))


def test_nan_in_a_batch_is_counted_apart(rows):
    model = still(small())
    model.get_layer("hidden").bias.assign(np.linspace(-40, 1, 9))
    x = rows.copy()
    x[35, 1] = np.nan  # in the last batch, after which the weights are not finite either
    inputs = inputs_of(model, x)
    with pytest.warns(DyingReLUWarning, match="NaN or infinity, in 1 of 40 samples") as caught:
        fit(model, x, monitor := quiet(), epochs=1)
    assert sum(w.category is DyingReLUWarning for w in caught) == 1
    check(monitor, "hidden", inputs)
    assert monitor.units["hidden"].states[0] == "non-finite"  # who never fired, but for what a NaN hides


def test_nan_weights_are_neither_dead_nor_alive(rows):
    model = still(small())
    kernel, bias = model.get_layer("hidden").get_weights()
    kernel[2, 4] = np.nan
    model.get_layer("hidden").set_weights([kernel, bias])
    with pytest.warns(DyingReLUWarning, match="'hidden' was the first to see NaN"):
        history = fit(model, rows, monitor := quiet(), batch_size=40)  # after one step all weights are NaN
    assert monitor.units["hidden"].states[4] == "non-finite"
    assert 4 not in monitor.dead["hidden"]
    assert history.history["nonfinite_units"] == [1]


@pytest.mark.parametrize(("bias", "dead"), [(-100.0, 9), (100.0, 0)])
def test_all_dead_and_all_alive(rows, bias, dead):
    model = still(small())
    model.get_layer("hidden").bias.assign(np.full(9, bias))
    monitor = keras_acts.DyingReLUMonitor(verbose=0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        history = fit(model, rows, monitor, epochs=2)
    told = [str(w.message) for w in caught if issubclass(w.category, DyingReLUWarning)]
    assert len(told) == bool(dead)
    assert history.history["dead_units"] == [dead, dead]
    assert history.history["dead_layers"] == [bool(dead)] * 2


def test_folder_that_cannot_be_written(rows, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    model = still(small())
    with pytest.warns(UserWarning, match="cannot write to") as caught:
        fit(model, rows, monitor := quiet(path=tmp_path / "file" / "history.jsonl"), epochs=2)
    assert sum("cannot write to" in str(w.message) for w in caught) == 1
    assert monitor.history.epochs == [-1, 0, 1]


@pytest.mark.parametrize("write", [1, 2, 3])
def test_full_disk(rows, tmp_path, monkeypatch, write):
    """The first write makes the file, the later ones add an epoch each; an old file stays whole."""
    path = tmp_path / "history.jsonl"
    path.write_text("old")
    writes = []

    def full(original):
        def maybe(*args):
            writes.append(1)
            if len(writes) >= write:
                raise OSError(28, "No space left on device")
            return original(*args)

        return maybe

    monkeypatch.setattr(History, "_replace_file", full(History._replace_file))
    monkeypatch.setattr(History, "_add_line", full(History._add_line))
    model = still(small())
    with pytest.warns(UserWarning, match="No space left") as caught:
        fit(model, rows, monitor := quiet(path=path), epochs=3)
    assert sum("cannot write to" in str(w.message) for w in caught) == 1
    assert monitor.history.epochs == [-1, 0, 1, 2]
    if write == 1:
        assert path.read_text() == "old"
    else:
        assert [json.loads(line).get("epoch") for line in path.read_text().splitlines()] == [None, -1][: write - 1]
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_file_with_half_a_line_is_read(rows, tmp_path):
    path = tmp_path / "history.jsonl"
    model = still(small())
    fit(model, rows, quiet(path=path), epochs=2)
    with path.open("a") as file:
        file.write('{"epoch": 2, "rows": [{"ep')
    monitor = quiet(path=path)
    fit(model, rows, monitor, initial_epoch=2, epochs=4)
    assert monitor.history.epochs == [-1, 0, 1, 2, 3]
    epochs, _ = monitor.history.dead_units("hidden")
    np.testing.assert_array_equal(epochs, [0, 1, 2, 3])


def test_backup_and_restore_goes_on_with_the_history(rows, tmp_path):
    keras.utils.set_random_seed(0)
    path = tmp_path / "history.jsonl"
    model = still(small())
    broken = [
        keras.callbacks.BackupAndRestore(tmp_path / "backup"),
        Fails("on_train_batch_end", RuntimeError("planned")),
    ]
    with pytest.raises(RuntimeError, match="planned"):
        fit(model, rows, quiet(path=path), epochs=4, callbacks=broken)
    model = still(small())
    monitor = quiet(path=path)
    fit(model, rows, monitor, epochs=4, callbacks=[keras.callbacks.BackupAndRestore(tmp_path / "backup")])
    assert monitor.history.epochs == [-1, 0, 1, 2, 3]


def test_two_monitors_do_not_write_one_file(rows, tmp_path):
    path = tmp_path / "history.jsonl"
    fit(still(small()), rows, [quiet(path=path), quiet(path=path)])
    one, two = path.read_text(), (tmp_path / "history-2.jsonl").read_text()
    assert one == two


def test_nothing_to_observe(rows, capsys):
    model = still(keras.Sequential([keras.Input((5,)), layers.Dense(1)]))
    monitor = quiet(verbose=1)
    history = fit(model, rows, monitor)
    assert history.history["dead_units"] == [0]
    assert "no activation was observed" in capsys.readouterr().out
    assert monitor.dead == {}


def test_no_epochs(rows, capsys):
    monitor = quiet(verbose=1)
    fit(still(small()), rows, monitor, epochs=0)
    assert monitor.history.rows == []
    assert "no epoch" in capsys.readouterr().out


def test_batches_of_changing_size(rows):
    model = still(small())

    class Batches(keras.utils.PyDataset):
        borders = (0, 1, 8, 11, 40)

        def __len__(self):
            return 4

        def __getitem__(self, number):
            part = rows[self.borders[number] : self.borders[number + 1]]
            return part, np.zeros((len(part), 1), "float32")

    monitor = quiet()
    model.fit(Batches(), verbose=0, shuffle=False, callbacks=[monitor])
    check(monitor, "hidden", inputs_of(model, rows))


def test_unbuilt_model_and_renamed_layer(rows):
    model = keras.Sequential([layers.Dense(9, "relu", name="hidden"), layers.Dense(1)])
    monitor = quiet()
    fit(still(model), rows, monitor, np.zeros((40, 1)))
    check(monitor, "hidden", inputs_of(model, rows))
    model.layers[0].name = "other"
    again = quiet()
    fit(model, rows, again)
    assert list(again.dead) == ["other"]


def test_two_hundred_layers(rows):
    x = inputs = keras.Input((5,))
    for number in range(200):
        x = layers.Dense(5, "relu", kernel_initializer="identity", bias_initializer="ones", name=f"hidden_{number}")(x)
    model = still(keras.Model(inputs, layers.Dense(1)(x)), run_eagerly=True)
    monitor = quiet()
    fit(model, rows, monitor, batch_size=40)
    assert list(monitor.dead) == [f"hidden_{number}" for number in range(200)]
    first = model.get_layer("hidden_0")
    check(monitor, "hidden_0", rows @ first.get_weights()[0] + first.get_weights()[1])


def batch(x):
    """Data of one batch that `fit` takes as it is: on TensorFlow it builds a pipeline for arrays, each time anew."""
    if BACKEND != "tensorflow":
        return {"x": x, "y": np.zeros((len(x), 1), "float32")}
    return {"x": importlib.import_module("tensorflow").data.Dataset.from_tensors((x, np.zeros((len(x), 1), "float32")))}


def test_fifty_fits_leave_nothing_behind(rows):
    model = still(small())
    monitor = quiet()
    data = batch(rows[:8])
    for _ in range(50):
        model.fit(**data, shuffle=False, verbose=0, callbacks=[monitor])
    assert len(monitor.history.rows) == 2
    assert len(monitor._engine.wants) == 1
    seen = [weakref.ref(monitor), weakref.ref(monitor._engine)]
    for _ in range(3):
        monitor = quiet()
        fit(model, rows[:8], monitor)
    keras.utils.clear_session()
    gc.collect()
    assert [ref() for ref in seen] == [None, None]


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda monitor: pickle.loads(pickle.dumps(monitor))])  # noqa: S301
def test_copies_keep_the_results(rows, copied):
    monitor = quiet()
    fit(still(small()), rows, monitor)
    again = copied(monitor)
    assert again.history.rows == monitor.history.rows
    np.testing.assert_array_equal(again.dead["hidden"], monitor.dead["hidden"])


def test_history_of_many_epochs_is_bounded(tmp_path):
    history = History(most_rows=100, most_bytes=10_000)
    history.open(tmp_path / "history.jsonl", 0)
    for epoch in range(2000):
        bits = np.arange(64) < epoch / 50
        history.add(epoch, [{"epoch": epoch, "layer": "a", "units": 64, "dead": int(bits.sum())}], {"a": bits})
    assert len(history) <= 100
    assert (tmp_path / "history.jsonl").stat().st_size <= 10_000
    assert history.epochs[0] == 0
    assert history.epochs[-1] == 1999
    epochs, table = history.dead_units("a")
    for epoch, bits in zip(epochs, table, strict=True):
        assert bits.sum() == sum(unit < epoch / 50 for unit in range(64))


def test_history_of_a_layer_with_many_units_is_bounded():
    """Half of 100 000 units die and wake at random in each of 1000 epochs: 12 kB that nothing compresses."""
    history = History(most_bytes=500_000)
    random = np.random.default_rng(0)
    for epoch in range(1000):
        bits = random.integers(0, 2, 100_000).astype(bool)
        history.add(epoch, [{"epoch": epoch, "layer": "a", "units": 100_000}], {"a": bits})
    assert sum(len(packed) for packed in history._maps["a"].values()) <= 500_000
    epochs, table = history.dead_units("a")
    np.testing.assert_array_equal(table[-1], bits)
    assert epochs[0] == 0
    assert epochs[-1] == 999


def test_empty_epoch(rows):
    model = still(small())
    monitor = quiet(verbose=1)
    # What Keras makes of it: an error on JAX, a warning on TensorFlow, both on torch.
    with contextlib.suppress(StopIteration, ValueError), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit(model, rows[:0], monitor)
    assert "Dying-ReLU monitor" in monitor.summary()
    assert not any(units.size for units in monitor.dead.values())
    fit(model, rows, monitor)
    check(monitor, "hidden", inputs_of(model, rows))
