"""What the functions of this package expect of an argument: bits that are 0 and 1, whole numbers within limits."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from silla.base.errors import ArgumentError

__all__ = ["as_bits", "as_count"]


def as_bits(x: Any, what: str, shape: tuple[int | None, ...]) -> np.ndarray:
    """The bits as uint8, contiguous; ArgumentError for values other than 0 and 1, or another shape (None: any length).

    >>> as_bits([[True, False]], "key", (None, 2)).tolist()
    [[1, 0]]
    """
    given = np.asarray(x)
    if given.ndim != len(shape) or any(n is not None and n != m for n, m in zip(shape, given.shape)):
        wanted = ", ".join("any" if n is None else str(n) for n in shape)
        raise ArgumentError(f"{what} has the shape {given.shape}; expected [{wanted}]")
    if given.dtype != bool and given.size:
        whole = given.dtype.kind == "u"
        if (given.max() > 1) if whole else given.dtype.kind not in "if" or not ((given == 0) | (given == 1)).all():
            raise ArgumentError(f"{what} holds values other than 0 and 1")
    return np.ascontiguousarray(given, np.uint8)


def as_count(x: Any, what: str, least: int, most: int | None = None) -> int:
    """The whole number; ArgumentError for another kind of value, or one outside least .. most.

    >>> as_count(np.int32(3), "max_iterations", 1)
    3
    """
    allowed = f"{least} or more" if most is None else f"{least} to {most}"
    try:
        n = operator.index(x)
    except TypeError:
        raise ArgumentError(f"{what} is {x!r}; expected a whole number, {allowed}") from None
    if n < least or (most is not None and n > most):
        raise ArgumentError(f"{what} is {n}; allowed: {allowed}")
    return n
