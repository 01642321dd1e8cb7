"""Masks: every layer passes them on, and the layers that weigh the entries of a row leave masked ones out."""

import keras
import numpy as np
import pytest
from keras import ops
from samples import SHAPE, each, evaluate, kind, sample, seeded, to_numpy

import keras_acts

pytestmark = pytest.mark.usefixtures("quick_compilation")
TOKENS = np.array([[5, 3, 0, 0], [1, 2, 3, 0]])
KEPT = TOKENS != 0
SIMPLEX = each("simplex")


@pytest.fixture(scope="module")
def embedded():
    """Vectors of 12 numbers per token, with the mask that Embedding sends along."""
    return keras.layers.Embedding(10, SHAPE[-1], mask_zero=True)(TOKENS)


@each()
def test_layer_passes_the_mask_on(facts):
    layer = facts.layer(**seeded(facts))
    assert layer.supports_masking
    mask = ops.ones(SHAPE[:2], "bool")
    assert layer.compute_mask(ops.convert_to_tensor(sample()), mask) is mask


@each()
def test_the_mask_of_an_embedding_reaches_the_next_layer(facts):
    tokens = keras.Input((4,), dtype="int32")
    vectors = keras.layers.Embedding(10, SHAPE[-1], mask_zero=True)(tokens)
    if kind(facts).least_rank > 3:
        vectors = keras.layers.TimeDistributed(keras.layers.Reshape((2, 6)))(vectors)
    output = facts.layer(**seeded(facts))(vectors)
    assert output._keras_mask is vectors._keras_mask
    assert output._keras_mask is not None


def test_a_masked_model_ignores_the_masked_steps():
    """What pooling sees behind each kind of layer is the mean over the steps that are kept."""
    x = sample((2, 4, 12), reach=4)
    inputs = keras.Input((4, 12))
    masked = keras.layers.Masking()(inputs)
    pooled = keras.layers.GlobalAveragePooling1D()(keras_acts.PReLU()(keras_acts.LeakyReLU(0.5)(masked)))
    x[0, 2:] = 0
    got = to_numpy(keras.Model(inputs, pooled)(x))
    values = np.where(x > 0, x, x * 0.5 * 0.25)
    np.testing.assert_allclose(got, [values[0, :2].mean(0), values[1].mean(0)], rtol=1e-6)


@SIMPLEX
def test_masked_entries_get_no_weight_and_take_no_part(facts):
    x = sample((3, 8), reach=4)
    mask = np.array([[1, 1, 0, 1, 0, 1, 1, 1], [0, 0, 1, 1, 1, 0, 0, 0], [1] * 8], bool)
    calls = {
        "masked": lambda x: facts.function(x, mask=mask),
        "louder": lambda x: facts.function(ops.where(mask, x, 1e30), mask=mask),
        "layer": lambda x: facts.layer()(x, mask=mask),
        "integers": lambda x: facts.function(x, mask=mask.astype("int32")),
        "all": lambda x: facts.function(x, mask=np.ones_like(mask)),
        "free": facts.function,
        "short": lambda x: facts.function(x[1:2, 2:5]),
    }
    results = evaluate(calls, x)
    masked = to_numpy(results("masked"))
    assert np.all(masked[~mask] == 0)
    np.testing.assert_allclose(masked.sum(-1), 1, rtol=1e-6)
    for same in ("louder", "layer", "integers"):
        np.testing.assert_allclose(to_numpy(results(same)), masked, rtol=1e-6, atol=1e-7, err_msg=same)
    np.testing.assert_allclose(masked[2:], to_numpy(results("free"))[2:], rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(to_numpy(results("all")), to_numpy(results("free")), rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(masked[1:2, 2:5], to_numpy(results("short")), rtol=1e-6, atol=1e-7)


@SIMPLEX
def test_a_row_without_entries_is_zero_and_has_no_slope(facts):
    x = ops.convert_to_tensor(sample((2, 8), reach=4))
    mask = np.array([[False] * 8, [True] * 8])
    got = to_numpy(evaluate({"": lambda x: facts.function(x, mask=mask)}, x)(""))
    np.testing.assert_array_equal(got[0], 0)
    np.testing.assert_allclose(got[1].sum(), 1, rtol=1e-6)


@SIMPLEX
def test_the_mask_of_an_embedding_counts_where_it_speaks_of_the_axis(facts, embedded):
    over_channels = to_numpy(facts.layer()(embedded))
    np.testing.assert_allclose(over_channels.sum(-1), 1, rtol=1e-6)  # masked steps are left to the next layer
    over_time = to_numpy(facts.layer(axis=1)(embedded))
    assert np.all(over_time[~KEPT] == 0)
    np.testing.assert_allclose(over_time.sum(1), 1, rtol=1e-6)


@SIMPLEX
def test_an_attention_mask_broadcasts(facts):
    """Scores (batch, heads, query, key) with one mask per key, as attention layers send it."""
    scores = sample((2, 3, 4, 5), reach=4)
    mask = np.array([[1, 1, 1, 0, 0], [1, 1, 1, 1, 0]], bool)[:, None, None, :]
    weights = to_numpy(facts.layer()(scores, mask=mask))
    assert np.all(weights[np.broadcast_to(~mask, weights.shape)] == 0)
    np.testing.assert_allclose(weights.sum(-1), 1, rtol=1e-6)


def test_a_mask_along_a_halved_axis_ends_there():
    layer = keras_acts.SwiGLU(axis=1)
    x = sample(SHAPE)
    assert layer.compute_mask(ops.convert_to_tensor(x), ops.ones(SHAPE[:2], "bool")) is None
    mask = ops.ones(SHAPE[:1], "bool")
    assert layer.compute_mask(ops.convert_to_tensor(x), mask) is mask
