"""A whole architecture of keras.applications: every activation is counted, or named as not observed."""

import keras
import numpy as np
import pytest
from recounting import quiet


@pytest.mark.usefixtures("quick_compilation")
def test_every_activation_of_mobilenet_is_counted_or_named():
    """The smallest of them, forward; `tests/benchmarks/monitor_applications.py` trains this one and larger ones."""
    model = keras.applications.MobileNetV2((32, 32, 3), alpha=0.35, weights=None, classes=3)
    x = np.random.default_rng(0).normal(size=(2, 32, 32, 3)).astype("float32")
    monitor = quiet()
    step = monitor.watch(lambda x: model(x, training=False))
    step(keras.ops.convert_to_tensor(x))
    monitor.end_epoch()
    monitor.note_unseen(model)
    rectifiers = [layer.name for layer in model.layers if isinstance(layer, keras.layers.ReLU)]
    assert len(rectifiers) == 35
    assert list(monitor.units) == rectifiers
    assert monitor.unobserved == {"predictions": "each of its outputs depends on several inputs"}
    first = keras.Model(model.input, model.get_layer(rectifiers[0]).input)(x, training=False)
    fired = (keras.ops.convert_to_numpy(first) > 0).any((1, 2)).sum(0)
    np.testing.assert_array_equal(monitor.units[rectifiers[0]].columns["fired"], fired)
