"""A whole architecture of keras.applications: every activation is counted, or named as not observed."""

import keras
import numpy as np
import pytest
from recounting import fit, quiet, still


@pytest.mark.usefixtures("quick_compilation")
def test_every_activation_of_mobilenet_is_counted_or_named():
    """The smallest of them; `tests/benchmarks/monitor_applications.py` takes the large ones."""
    model = still(keras.applications.MobileNetV2((32, 32, 3), alpha=0.35, weights=None, classes=3))
    x = np.random.default_rng(0).normal(size=(2, 32, 32, 3)).astype("float32")
    monitor = quiet()
    fit(model, x, monitor, batch_size=2)
    rectifiers = [layer.name for layer in model.layers if isinstance(layer, keras.layers.ReLU)]
    assert len(rectifiers) == 35
    assert list(monitor.units) == rectifiers
    assert monitor.unobserved == {"predictions": "each of its outputs depends on several inputs"}
    first = keras.Model(model.inputs, model.get_layer(rectifiers[0]).input)(x, training=True)
    fired = (keras.ops.convert_to_numpy(first) > 0).any((1, 2)).sum(0)
    np.testing.assert_array_equal(monitor.units[rectifiers[0]].columns["fired"], fired)
