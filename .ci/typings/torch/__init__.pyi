# Types are checked where torch is not installed too; without this, `import torch` would then be read
# as this package's own module of that name.
from typing import Any

def __getattr__(name: str) -> Any: ...
