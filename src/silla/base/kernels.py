"""The seam to the optional C++ kernels: a module asks here for a kernel and calls its NumPy twin when there is none.

The wheel `silla-kernels` is looked for once, at the first question. The environment variable `SILLA_KERNELS` forces an
instruction set (`baseline`, `avx2`, `avx512`) or switches the kernels `off`.
"""

from __future__ import annotations

import functools
import importlib
import os
from collections.abc import Callable
from typing import Any

__all__ = ["available", "constant", "isa", "kernel", "why_not"]


INTERFACE = 4  # of the kernels that silla calls: the wheel's own must be the same


@functools.cache
def _load() -> tuple[Any, str]:
    """The module and "", or None and the reason for which there is none."""
    if os.environ.get("SILLA_KERNELS", "") == "off":
        return None, "SILLA_KERNELS=off"
    try:
        module = importlib.import_module("silla_kernels")
    except ModuleNotFoundError:
        return None, "the package silla-kernels is not installed (make kernels)"
    except ImportError as error:
        return None, str(error)
    if getattr(module, "INTERFACE", 0) != INTERFACE:
        return None, "the installed silla-kernels is of another version (make kernels)"
    return module, ""


def available() -> bool:
    """Whether the C++ kernels serve."""
    return _load()[0] is not None


def isa() -> str:
    """The instruction set that the kernels use, or "numpy" when the twins serve."""
    module = _load()[0]
    return module.isa() if module is not None else "numpy"


def why_not() -> str:
    """One line for the user when the twins serve, otherwise an empty string."""
    reason = _load()[1]
    return (
        f"no C++ kernels ({reason}): the NumPy twins serve, slower, with the same results to rounding" if reason else ""
    )


def kernel(name: str) -> Callable[..., Any] | None:
    """The kernel of that name, or None when its twin must serve (no wheel, or one that is too old to have it).

    >>> los = kernel("los")
    >>> los is None or callable(los)
    True
    """
    return getattr(_load()[0], name, None)


def constant(name: str, default: Any) -> Any:
    """A constant of the kernel module, or `default` when there is none."""
    return getattr(_load()[0], name, default)
