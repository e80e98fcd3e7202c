"""Random streams addressed by what is drawn, never by who draws.

`stream(seed, "shadowing", "uma", 3)` is the same sequence of numbers on every machine, in every process and in any
order of calls, so a result does not depend on the number of workers.
"""

from __future__ import annotations

import hashlib

import numpy as np

__all__ = ["stream"]


def stream(seed: int, *path: str | int) -> np.random.Generator:
    """A generator for one purpose.

    Parameters
    ----------
    seed : the scenario's seed.
    path : names and numbers that say what is drawn, for example ``("shadowing", epoch, drop)``. ``3`` and ``"3"``
        are different addresses.

    Returns
    -------
    numpy.random.Generator over Philox-4x64 (Salmon et al., SC'11), keyed by BLAKE2b of the address.

    >>> float(stream(1, "a", 0).random()) == float(stream(1, "a", 0).random())
    True
    """
    address = "\x1f".join(f"{type(part).__name__}:{part}" for part in (int(seed), *path))
    key = hashlib.blake2b(address.encode(), digest_size=16).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(key, "little")))
