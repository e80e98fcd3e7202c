"""Oracles: the cards themselves. Every published model states values, limits and monotonicity; here they are checked.

One test file walks the whole registry, so a model that is added with a card is tested without writing a test.
"""

from __future__ import annotations

import importlib
import pkgutil

import numpy as np
import pytest

import silla.physics
from silla.base.errors import DomainError
from silla.base.provenance import ModelCard, Range, all_models

for module in pkgutil.walk_packages(silla.physics.__path__, "silla.physics."):
    importlib.import_module(module.name)
CARDS = {name: card for name, card in all_models().items() if card.function.__module__.startswith("silla.")}

REFERENCES = [(name, i) for name, card in CARDS.items() for i in range(len(card.references))]
LIMITS = [
    (name, parameter, side)
    for name, card in CARDS.items()
    for parameter, valid in card.valid.items()
    for side in ("low", "high")
    if np.isfinite(getattr(valid, side))
]
MONOTONE = [
    (name, parameter, sign)
    for name, card in CARDS.items()
    for parameters, sign in ((card.increasing, 1.0), (card.decreasing, -1.0))
    for parameter in parameters
]


def value(card: ModelCard, i: int = 0, **changes) -> float:
    """The model at a reference point with some arguments changed."""
    return float(np.asarray(card.function(**{**card.references[i].arguments, **changes})))


def samples(card: ModelCard, parameter: str) -> np.ndarray:
    """Points over the validity range; where an end is open, or none is stated, to four times the reference point."""
    at = float(card.references[0].arguments.get(parameter, 1.0))
    valid = card.valid.get(parameter, Range(at / 4, 4 * at, ""))
    high = valid.high if np.isfinite(valid.high) else max(4 * abs(at), valid.low + 1.0)
    points = np.linspace(valid.low, high, 101)
    if valid.low > 0 and high / valid.low > 1e3:
        points = np.geomspace(valid.low, high, 101)
        points[[0, -1]] = valid.low, high
    return points


@pytest.mark.parametrize("name", CARDS)
def test_a_card_is_complete(name):
    card = CARDS[name]
    assert card.references, "no reference value"
    assert card.title
    assert card.version >= 1
    assert card.sources and all(source.key and len(source.text) > 20 for source in card.sources)
    assert all(reference.source for reference in card.references)
    assert all(valid.low < valid.high for valid in card.valid.values())
    assert not set(card.increasing) & set(card.decreasing)


@pytest.mark.parametrize(("name", "i"), REFERENCES)
def test_the_cited_value_is_returned(name, i):
    reference = CARDS[name].references[i]
    result = float(np.asarray(CARDS[name].function(**reference.arguments)))
    assert abs(result - reference.value) <= reference.absolute + reference.rel * abs(reference.value)


@pytest.mark.parametrize(("name", "parameter", "side"), LIMITS)
def test_outside_the_validity_range_the_model_refuses(name, parameter, side):
    card = CARDS[name]
    valid = card.valid[parameter]
    end = getattr(valid, side)
    beyond = 0.01 * (valid.high - valid.low if np.isfinite(valid.high) else max(1.0, abs(end)))
    with pytest.raises(DomainError):
        value(card, **{parameter: end + (beyond if side == "high" else -beyond)})


@pytest.mark.parametrize(("name", "parameter", "sign"), MONOTONE)
def test_monotone_over_the_validity_range(name, parameter, sign):
    card = CARDS[name]
    moved = False
    for i in range(len(card.references)):
        results = sign * np.array([value(card, i, **{parameter: float(x)}) for x in samples(card, parameter)])
        slack = 1e-9 * np.abs(results[np.isfinite(results)]).max(initial=0.0)
        assert not np.isnan(results).any()
        # compared, not subtracted: a model may go to infinity and stay there
        assert (results[1:] >= results[:-1] - slack).all()
        moved |= bool(results[-1] > results[0])
    assert moved, "the parameter changes nothing at any reference point"


def test_every_package_of_physics_has_cards():
    packages = {
        m.name.split(".")[-1]
        for m in pkgutil.iter_modules(silla.physics.__path__, "silla.physics.")
        if any(pkgutil.iter_modules(importlib.import_module(m.name).__path__))  # an empty one has none yet
    }
    assert packages == {card.function.__module__.split(".")[2] for card in CARDS.values()}
