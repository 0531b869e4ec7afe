"""The published test vectors, or others of the same form."""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

from sdmp.keys import PrivateKey, load_private

_OURS = Path(__file__).parents[1] / "vectors"


@cache
def load_vectors(name: str) -> Any:
    """Read a file of vectors from the directory that SDMP_VECTORS names, or from our own."""
    return json.loads((Path(os.environ.get("SDMP_VECTORS") or _OURS) / name).read_text())


@cache
def vector_key(name: str) -> PrivateKey:
    """Return the private key of one of the cast of the vectors."""
    return load_private(load_vectors("keys.json")[name]["private_pem"])
