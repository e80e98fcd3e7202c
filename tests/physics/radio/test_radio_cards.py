"""Oracles: each radio model's own card (cited value, validity, monotonicity) and the examples in the docstrings."""

import doctest
import importlib
import pkgutil

import numpy as np
import pytest

import silla.physics.radio as package
from silla.base.errors import DomainError
from silla.base.provenance import all_models

MODULES = [importlib.import_module(f"{package.__name__}.{m.name}") for m in pkgutil.iter_modules(package.__path__)]
CARDS = {k: c for k, c in all_models().items() if k.startswith("radio.")}
# monotone parameters for which the card has both a range and a reference point to vary from
SWEEPS = [
    (k, name, sign)
    for k, c in CARDS.items()
    for names, sign in ((c.increasing, 1.0), (c.decreasing, -1.0))
    for name in names
    if name in c.valid and c.references and np.isfinite(c.valid[name].high)
]
CHECKED = [(k, name) for k, c in CARDS.items() for name in c.valid if c.references and k != "radio.los.probability"]


def at(card, **changes) -> float:
    return float(np.asarray(card.function(**{**card.references[0].arguments, **changes})))


@pytest.mark.parametrize("card", CARDS)
def test_cited_values(card):
    assert CARDS[card].sources
    for ref in CARDS[card].references:
        value = float(np.asarray(CARDS[card].function(**ref.arguments)))
        assert abs(value - ref.value) <= ref.absolute + ref.rel * abs(ref.value)


@pytest.mark.parametrize(("card", "name", "sign"), SWEEPS)
def test_monotone_over_the_validity_range(card, name, sign):
    c = CARDS[card]
    values = [at(c, **{name: x}) for x in np.linspace(c.valid[name].low, c.valid[name].high, 160)]
    assert (np.diff(values) * sign >= -1e-9).all()


@pytest.mark.parametrize(("card", "name"), CHECKED)
def test_refused_outside_the_validity_range(card, name):
    c = CARDS[card]
    span = c.valid[name].high - c.valid[name].low
    with pytest.raises(DomainError, match=name):
        at(c, **{name: c.valid[name].high + 0.01 * span})


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.__name__.rsplit(".", 1)[-1])
def test_examples_in_the_docstrings(module):
    assert doctest.testmod(module).failed == 0
