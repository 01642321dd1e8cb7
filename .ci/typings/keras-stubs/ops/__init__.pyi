# Keras leaves its operations without types, and what pyright infers from one backend's code (often
# None) is wrong for the tensors that they return.
from typing import Any

def __getattr__(name: str) -> Any: ...
