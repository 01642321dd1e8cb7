"""What every test starts from."""

import importlib

import keras
import pytest


def pytest_configure(config):
    # Keras 3.15 saves JAX weights through an `__array__` that does not take NumPy 2's `copy`.
    config.addinivalue_line(
        "filterwarnings", "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"
    )


@pytest.fixture(autouse=True)
def same_start():
    """The same random numbers, names of layers and global settings at the start of each test, whatever ran before."""
    keras.utils.set_random_seed(0)
    settings = keras.config.floatx(), keras.config.dtype_policy(), keras.config.image_data_format()
    yield
    floatx, policy, image_data_format = settings
    keras.config.set_floatx(floatx)
    keras.config.set_dtype_policy(policy)
    keras.config.set_image_data_format(image_data_format)


@pytest.fixture(scope="module")
def quick_compilation():
    """JAX compiles every shape anew; where a test runs each only once, optimising would be most of its time."""
    if keras.backend.backend() != "jax":
        yield
        return
    config = importlib.import_module("jax").config
    config.update("jax_disable_most_optimizations", True)
    yield
    config.update("jax_disable_most_optimizations", False)
