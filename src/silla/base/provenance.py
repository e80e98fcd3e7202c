"""Where a model comes from: citations and model cards, one registry for both.

A physics module declares one `ModelCard` per published model beside its function. A test walks the registry and checks
each card against its own function: the reference value, the validity range, monotonicity. A run stores the ids of the
models it used, and the report prints their bibliography.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from silla.base.errors import DomainError

__all__ = ["Citation", "ModelCard", "Range", "Reference", "all_models", "check_domain", "model", "register"]


@dataclass(frozen=True)
class Citation:
    """A published source: a short key, the full reference, and a DOI or document number."""

    key: str
    text: str
    url: str = ""


@dataclass(frozen=True)
class Range:
    """A closed interval in a named unit within which a parameter of a model is valid."""

    low: float
    high: float
    unit: str


@dataclass(frozen=True)
class Reference:
    """A value that the model must return: `function(**arguments)` = `value` within `rel` or `absolute`."""

    arguments: Mapping[str, Any]
    value: float
    source: str
    rel: float = 0.0
    absolute: float = 0.0


@dataclass(frozen=True)
class ModelCard:
    """What a model claims, in a form that a test can check.

    id : dotted name, ``"radio.path_loss.uma_nlos"``.
    version : raised whenever results change; part of every task's hash.
    valid : parameter name -> Range; outside it the function raises DomainError or flags.
    increasing, decreasing : parameter names along which the result is monotone over the validity range.
    """

    id: str
    title: str
    function: Callable[..., Any] = field(repr=False)
    sources: tuple[Citation, ...]
    version: int = 1
    valid: Mapping[str, Range] = field(default_factory=dict)
    references: tuple[Reference, ...] = ()
    increasing: tuple[str, ...] = ()
    decreasing: tuple[str, ...] = ()
    left_out: str = ""


_REGISTRY: dict[str, ModelCard] = {}


def register(card: ModelCard) -> ModelCard:
    """Enter a card; a second card of the same id from another function is a programming error."""
    known = _REGISTRY.get(card.id)
    if known is not None and known.function.__qualname__ != card.function.__qualname__:
        raise ValueError(f"model id {card.id!r} is registered twice")
    _REGISTRY[card.id] = card
    return card


def model(card_id: str) -> ModelCard:
    """The card of that id."""
    return _REGISTRY[card_id]


def all_models() -> dict[str, ModelCard]:
    """Every card registered so far, by id (importing a physics package registers its cards)."""
    return dict(sorted(_REGISTRY.items()))


def check_domain(name: str, value: Any, valid: Range, *, what: str, advice: str = "") -> None:
    """Raise DomainError when any element of `value` is not finite or outside `valid`."""
    array = np.asarray(value, dtype=float)
    bad = ~(np.isfinite(array) & (array >= valid.low) & (array <= valid.high))
    if bad.any():
        found = array[bad].flat[0]
        hint, unit = f"; {advice}" if advice else "", f" {valid.unit}" if valid.unit else ""
        raise DomainError(f"{what}: {name} is {found:g}{unit}, allowed {valid.low:g} to {valid.high:g}{unit}{hint}")
