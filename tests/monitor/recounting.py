"""A monitor's counts against a recount by NumPy."""

import keras
import numpy as np

import keras_acts


def quiet(**settings):
    """A monitor that warns of nothing: these tests look at what it counts."""
    settings = {"alarm": 1.0, "rise": 1.0, "verbose": 0, **settings}
    return keras_acts.DyingReLUMonitor(**settings)


def fit(model, x, monitor, targets=None, **settings):
    """Train without shuffling; the default targets are zeros of the model's output shape."""
    if targets is None:
        targets = np.zeros((len(x), *model.compute_output_shape(x.shape)[1:]), "float32")
    settings = {"batch_size": 16, "epochs": 1, "verbose": 0, "shuffle": False, **settings}
    callbacks = [*(monitor if isinstance(monitor, list) else [monitor]), *settings.pop("callbacks", [])]
    return model.fit(x, targets, callbacks=callbacks, **settings)


def still(model, **settings):
    """Compile so that training changes no weight: a recount after it sees what the training step saw."""
    model.compile(keras.optimizers.SGD(0.0), "mse", **settings)
    return model


def recount(inputs, is_flat, axis=-1):
    """Counts per unit by NumPy, from the activation's inputs and where its slope is zero."""
    inputs = np.moveaxis(keras.ops.convert_to_numpy(inputs).astype("float32"), axis, -1)
    positions = tuple(range(1, inputs.ndim - 1))
    active = ~is_flat(inputs)
    finite = np.isfinite(inputs).all(positions)
    with np.errstate(invalid="ignore"):
        peak = np.where(finite, inputs.max(positions), -np.inf).max(0)
    peak[np.isinf(peak)] = np.nan
    return {
        "fired": (active.any(positions) & finite).sum(0),
        "nonfinite": (~finite).sum(0),
        "peak": peak,
        "active": (active & np.isfinite(inputs)).sum((0, *positions)),
    }


def check(monitor, name, inputs, is_flat=lambda x: x <= 0, axis=-1, samples=None, rtol=2e-6):
    """Compare the monitor's counts of the last epoch with a recount, to the unit; `rtol` is for the peak."""
    units = monitor.units[name]
    expected = recount(inputs, is_flat, axis)
    assert units.samples == (len(inputs) if samples is None else samples)
    np.testing.assert_array_equal(units.columns["fired"], expected["fired"])
    np.testing.assert_array_equal(units.columns["nonfinite"], expected["nonfinite"])
    peak = expected["peak"]
    if units.site.is_fused:  # the activation's output is all there is to see
        assert keras.backend.backend() == "tensorflow"
        peak = np.where(is_flat(peak), np.nan, peak)
    np.testing.assert_allclose(units.columns["peak"], peak, rtol=rtol, atol=1e-6)
    if "active" in units.columns:
        np.testing.assert_array_equal(units.columns["active"], expected["active"])
    dead = (expected["fired"] == 0) & (expected["nonfinite"] == 0)
    np.testing.assert_array_equal(monitor.dead[name], np.flatnonzero(dead))
