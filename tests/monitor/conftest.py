"""Data for the monitor's tests."""

import numpy as np
import pytest


@pytest.fixture
def images():
    return np.random.default_rng(0).normal(size=(24, 6, 6, 2)).astype("float32")


@pytest.fixture
def rows():
    return np.random.default_rng(1).normal(size=(40, 5)).astype("float32")
