"""The names that people type: every spelling of another library finds what it means there."""

import keras
import pytest
from samples import CATALOGUE, each

import keras_acts
from keras_acts import _core

# Names as each library spells them; a name that is not ours is mapped to ours.
LIBRARIES = {
    "torch.nn": """ELU Hardshrink Hardsigmoid Hardtanh Hardswish LeakyReLU LogSigmoid PReLU ReLU ReLU6 RReLU SELU CELU
        GELU Sigmoid SiLU Mish Softplus Softshrink Softsign Tanh Tanhshrink Threshold GLU Softmin Softmax LogSoftmax
        gumbel_softmax Identity=linear""",
    "transformers": """gelu gelu_10=clipped_gelu gelu_fast=gelu_tanh gelu_new=gelu_tanh gelu_python=gelu
        gelu_pytorch_tanh=gelu_tanh gelu_python_tanh=gelu_tanh gelu_accurate=gelu_tanh laplace leaky_relu linear mish
        quick_gelu relu relu2 relu6 sigmoid silu swish=silu tanh prelu xielu sqrtsoftplus=sqrt_softplus hardswish""",
    "jax.nn": """celu elu gelu glu hard_sigmoid hard_silu hard_swish=hard_silu hard_tanh leaky_relu log_sigmoid
        log_softmax mish relu relu6 selu sigmoid silu soft_sign=softsign softmax softplus sparse_plus sparse_sigmoid
        squareplus swish=silu tanh identity=linear""",
    "timm": """silu swish=silu mish relu relu6 leaky_relu elu prelu celu selu gelu gelu_tanh quick_gelu sigmoid tanh
        hard_sigmoid hard_swish=hard_silu hard_mish identity=linear StarReLU SquaredReLU=relu2 GammaAct""",
    "ONNX": """Celu Elu Erf Exp=exponential Gelu HardSigmoid HardSwish Hardmax LeakyRelu LogSoftmax Mish PRelu Relu Selu
        Shrink Sigmoid Sin=sine Softmax Softplus Softsign SwiGLU Tanh ThresholdedRelu Identity=linear""",
    "TensorFlow Addons": """gelu hardshrink lisht mish rrelu snake softshrink sparsemax tanhshrink GELU Maxout Snake
        Sparsemax TLU""",
    "keras-contrib": "squash PELU SReLU SineReLU",
    "tf.nn": """crelu elu gelu leaky_relu log_softmax relu relu6 selu sigmoid silu softmax softplus softsign swish=silu
        tanh""",
}
SAME = {"hardswish": "hard_silu", "gammaact": "variance_preserving"}  # the same name in any spelling
CASES = [
    (library, *(pair if len(pair := name.split("=")) == 2 else (name, None)))
    for library, names in LIBRARIES.items()
    for name in names.split()
]


@pytest.mark.parametrize(("library", "name", "ours"), CASES)
def test_a_librarys_name_finds_what_it_means_there(library, name, ours):
    found = _core.find(name).name
    plain = name.lower().replace("_", "")
    assert found == (ours or SAME.get(plain) or next(n for n in CATALOGUE if n.replace("_", "") == plain))
    keras_acts.get(name)


@pytest.mark.parametrize("name", sorted(set(dir(keras.activations)) - {"deserialize", "get", "serialize"}))
def test_every_name_of_keras_is_known(name):
    if not name.startswith("_"):
        assert callable(keras_acts.get(name))


@each()
def test_presets_are_arguments_that_differ_from_the_defaults(facts):
    for library, settings in facts.presets.items():
        assert library in _core.LIBRARIES
        layer, default = keras_acts.get(facts.name, preset=library), keras_acts.get(facts.layer)
        assert type(layer) is facts.layer
        assert settings
        for name in settings:
            mine, usual = (each.get_config()[name] for each in (layer, default))
            assert mine != usual, f"{facts.name}: {library} has the same `{name}`"


def test_presets_are_what_keras_does():
    assert keras_acts.get("leaky_relu", preset="keras").negative_slope == keras.layers.LeakyReLU().negative_slope
    mine, theirs = keras_acts.get("prelu", preset="keras"), keras.layers.PReLU()
    for layer in (mine, theirs):
        layer.build((None, 2, 3))
    assert tuple(mine.alpha.shape) == tuple(theirs.alpha.shape)
    assert float(keras.ops.max(mine.alpha)) == float(keras.ops.max(theirs.alpha)) == 0


@each()
def test_what_an_activation_is_told_apart_from_is_said_in_a_few_words(facts):
    assert facts.name not in facts.distinct_from
    for other, difference in facts.distinct_from.items():
        assert other.strip()
        assert 2 <= len(difference.split()) <= 25
        assert not difference.endswith(".")
