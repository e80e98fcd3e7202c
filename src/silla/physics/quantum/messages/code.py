"""The code of a direct message: that of TS 38.212 base graph 1, carried on to a lower rate.

Few photons come back, so a sent bit is read less than once on average, and at random: the sender cannot know which. Of
a code of rate R whose bits are read m times in the mean, a share 1 - (1 - exp(-m)) / m of the readings repeats what is
known; at lower rates m is smaller, and so is that share. Further rows in the manner of the standard's own, each with a
parity column and two earlier columns, take the rate from 1/3 to 1/6: of a line without errors 1.4 readings per
message bit in place of 1.6, both measured.
"""

from __future__ import annotations

import functools
import itertools

import numpy as np

from silla.base.rng import stream
from silla.coding.codes import QCCode, nr_code

__all__ = ["gap", "message_code"]

_ROWS, _SOURCES = 66, 26  # rows added; columns of information and of the core's parity that they draw on


@functools.cache
def message_code(z: int = 384) -> QCCode:
    """The code of lifting size z: 22 information columns, 112 of parity, the first two never sent.

    >>> code = message_code()
    >>> code.k, code.n - 2 * code.z
    (8448, 50688)
    """
    start, rng = nr_code(1, z), stream(38212, "direct message code", z)
    first, col, shift = (x.tolist() for x in (start.row_first, start.col, start.shift))
    pairs = list(itertools.combinations(range(_SOURCES), 2))
    used = np.zeros(_SOURCES)
    for row in range(_ROWS):
        # the pair whose columns are used least so far; no pair twice, so that no two rows close a cycle of four
        load = np.array([used[a] + used[b] for a, b in pairs]) + 0.5 * rng.random(len(pairs))
        a, b = pairs.pop(int(load.argmin()))
        used[[a, b]] += 1.0
        col += [a, b, start.n_cols + row]
        shift += [*(int(s) for s in rng.integers(0, z, 2)), 0]
        first.append(len(col))
    return QCCode(
        z, start.n_cols + _ROWS, start.n_info, np.array(first), np.array(col), np.array(shift), start.n_hidden
    )


def gap(bit_error: float) -> float:
    """Share of readings beyond the Shannon limit with which fewer than one block in a thousand is lost.

    Measured with `coding.min_sum`, which falls behind sum-product decoding as the readings get worse.

    >>> round(gap(0.03), 3)
    0.198
    """
    return 0.18 + 0.6 * min(bit_error, 0.3)
