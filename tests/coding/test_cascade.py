"""Oracles: the sender's own key, the twin's questions one by one, the Slepian-Wolf bound, published efficiencies."""

from __future__ import annotations

import numpy as np
import pytest

from silla.base import kernels
from silla.base.errors import ArgumentError, DomainError
from silla.base.rng import stream
from silla.coding import cascade
from silla.coding.cascade import Asked, End, bits_of, cascade_plan, end_of, frames_of, reconcile_locally
from silla.coding.cascade_numpy import CascadeNumpy
from silla.coding.reconciliation import binary_entropy

needs_kernels = pytest.mark.skipif(not kernels.available(), reason="no C++ kernels")


def keys(n, error_rate, seed=1):
    rng = stream(seed, "cascade-test", n)
    a = rng.integers(0, 2, n, dtype=np.uint8)
    return a, a ^ (rng.random(n) < error_rate).astype(np.uint8)


def play(sender, receiver):
    """(told bits, all questions) of two ends until nothing is asked."""
    told, asked_all, parities = 0, [], np.zeros(0, np.uint8)
    while not (asked := Asked(*receiver.next(parities))).nothing:
        asked_all.append((asked.open_pass, asked.directions.tolist(), asked.nodes.tolist()))
        parities = sender.answer(*asked)
        told += len(parities)
    return told, asked_all


@needs_kernels
@pytest.mark.parametrize(
    ("length", "frames", "rate"), [(1000, 2, 0.03), (3000, 3, 0.01), (700, 1, 0.1), (1, 1, 0.1), (64, 3, 0.2)]
)
def test_kernel_and_twin_ask_the_same_and_end_alike(length, frames, rate):
    plan = cascade_plan(length, rate, seed=5, passes=14)
    a, b = keys(length * frames, rate)
    arguments = (plan.length, list(plan.top), plan.orders, plan.masks)
    twins = [CascadeNumpy(frames_of(x, plan), *arguments, r) for x, r in ((a, False), (b, True))]
    ends = [end_of(x, plan, receiver=r) for x, r in ((a, False), (b, True))]
    one, other = play(*twins), play(*ends)
    assert one == other
    assert (bits_of(twins[1].words(), plan) == bits_of(ends[1].words(), plan)).all()
    bits, told, _ = cascade._run(a, b, plan)
    assert told == one[0] and (bits == bits_of(ends[1].words(), plan)).all()


def test_twin_corrects(monkeypatch):
    monkeypatch.setattr(cascade, "kernel", lambda name: None)
    a, b = keys(1500, 0.04)
    found = reconcile_locally(a, b, 0.04)
    assert (found.bits == a).all()
    assert binary_entropy(0.04) * 1500 < found.leaked_bit < 1.6 * binary_entropy(0.04) * 1500


@needs_kernels
@pytest.mark.parametrize("rate", [0.01, 0.02, 0.03, 0.05])
def test_long_keys_are_corrected_near_the_bound(rate):
    a, b = keys(6 * 65536 + 12345, rate)
    found = reconcile_locally(a, b, rate)
    assert (found.bits == a).all()
    actual = float(np.mean(a != b))
    assert 1.0 < found.leaked_bit / (len(a) * binary_entropy(actual)) < 1.06


@needs_kernels
def test_every_parity_is_counted_and_no_more_than_needed_without_errors():
    plan = cascade_plan(65536, 0.02, seed=0)
    a, _ = keys(65536, 0.0)
    told, asked = play(end_of(a, plan, receiver=False), end_of(a, plan, receiver=True))
    blocks = [65536 >> level for level in plan.top]
    assert told == blocks[0] + sum(n - 1 for n in blocks[1:])
    assert len(asked) == len(plan.top)


@needs_kernels
def test_errors_that_add_up_to_nothing_are_found():
    """Four errors in two blocks of the first pass at equal distances: linear masks of the positions cannot see them."""
    a, _ = keys(65536, 0.0)
    for trial in range(40):
        rng = stream(trial, "rectangle")
        p, q = 32 * rng.choice(2048, 2, replace=False)
        i, j = rng.choice(32, 2, replace=False)
        b = a.copy()
        b[[p + i, p + j, q + i, q + j]] ^= 1
        assert (reconcile_locally(a, b, 0.02, seed=trial).bits == a).all()


@needs_kernels
@pytest.mark.parametrize("make", [None, CascadeNumpy])
def test_contradicting_parities_end_in_an_error(make):
    plan = cascade_plan(1024, 0.05, seed=3)
    a, b = keys(1024, 0.05)
    rng = stream(4, "liar")
    end: End = end_of(b, plan, receiver=True) if make is None else make(
        frames_of(b, plan), plan.length, list(plan.top), plan.orders, plan.masks, True
    )  # fmt: skip
    other = end_of(a, plan, receiver=False)
    parities = np.zeros(0, np.uint8)
    with pytest.raises(ValueError, match="contradict"):
        for _ in range(100_000):
            open_pass, directions, nodes = end.next(parities)
            asked = Asked(open_pass, directions, nodes)
            if asked.nothing:
                raise ValueError("contradict: ended, with a wrong key")
            parities = other.answer(*asked) ^ (rng.random(1) < 0.5).astype(np.uint8)


@needs_kernels
@pytest.mark.parametrize("isa", ["baseline", "avx2", "avx512"])
def test_instruction_sets_agree(isa):
    import silla_kernels

    if isa not in silla_kernels.supported():
        pytest.skip(f"no {isa} here")
    before, (a, b) = silla_kernels.isa(), keys(70_000, 0.03)
    expected = reconcile_locally(a, b, 0.03)
    try:
        silla_kernels.set_isa(isa)
        found = reconcile_locally(a, b, 0.03)
    finally:
        silla_kernels.set_isa(before)
    assert (found.bits == expected.bits).all() and found[1:] == expected[1:]


def test_bad_input_is_refused():
    with pytest.raises(DomainError, match="error rate"):
        cascade_plan(1000, 0.3, 0)
    with pytest.raises(DomainError, match="frames of"):
        cascade_plan(70_000, 0.1, 0)
    with pytest.raises(ArgumentError, match="same length"):
        reconcile_locally(np.zeros(5, np.uint8), np.zeros(6, np.uint8), 0.1)
