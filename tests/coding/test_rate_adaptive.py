"""Oracles: the sender's key, the twin, no cycles of length 4, the Slepian-Wolf bound, exact min* of two inputs."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from silla.base import kernels
from silla.base.errors import ArgumentError, DomainError
from silla.base.rng import stream
from silla.coding import rate_adaptive as ldpc
from silla.coding import syndrome_decoding as sd
from silla.coding.codes import quasi_cyclic
from silla.coding.reconciliation import binary_entropy

needs_kernels = pytest.mark.skipif(not kernels.available(), reason="no C++ kernels")


def small_code(z=64):
    rng = stream(1, "small")
    base = np.full((4, 16), -1)
    for c in range(16):
        base[rng.choice(4, 3, replace=False), c] = rng.integers(0, z, 3)
    return quasi_cyclic(base, z)


def noisy(code, n_blocks, rate, seed=2):
    rng = stream(seed, "noisy")
    x = rng.integers(0, 2, (n_blocks, code.n), dtype=np.uint8)
    y = x ^ (rng.random(x.shape) < rate).astype(np.uint8)
    strength = round(8 * np.log((1 - rate) / rate))
    return x, (strength * (1 - 2 * y.astype(np.int16))).astype(np.int16), code.syndrome(x)


@needs_kernels
@pytest.mark.parametrize("isa", ["baseline", "avx2", "avx512"])
@pytest.mark.parametrize("rate", [0.01, 0.06])
def test_kernel_and_twin_agree(isa, rate):
    import silla_kernels

    if isa not in silla_kernels.supported():
        pytest.skip(f"no {isa} here")
    before, code = silla_kernels.isa(), small_code()
    x, llr, syndrome = noisy(code, 5, rate)
    try:
        silla_kernels.set_isa(isa)
        fast = sd.syndrome_decode(code, llr, syndrome, 20)
    finally:
        silla_kernels.set_isa(before)
    slow = sd.syndrome_decode_numpy(code, llr, syndrome, 20)
    for a, b in zip(fast, slow):
        assert (a == b).all()
    if rate == 0.01:
        assert fast.satisfied.all() and (fast.bits == x).all()


@needs_kernels
@pytest.mark.parametrize("isa", ["baseline", "avx2", "avx512"])
def test_kernel_and_twin_agree_to_the_last_errors(isa):
    """Long enough for messages to become wide (fewer than 1 check in 256 unmet) while blocks are not yet decoded."""
    import silla_kernels

    if isa not in silla_kernels.supported():
        pytest.skip(f"no {isa} here")
    before, code = silla_kernels.isa(), small_code(2048)
    x, llr, syndrome = noisy(code, 4, 0.025)
    for most in (3, 6, 20):
        try:
            silla_kernels.set_isa(isa)
            fast = sd.syndrome_decode(code, llr, syndrome, most)
        finally:
            silla_kernels.set_isa(before)
        slow = sd.syndrome_decode_numpy(code, llr, syndrome, most)
        assert all((a == b).all() for a, b in zip(fast, slow))
    assert fast.satisfied.all() and (fast.bits == x).all() and 6 < fast.iterations.max() < 20


@needs_kernels
def test_errors_that_one_check_must_overrule_do_not_stay():
    """Three errors in columns of weight 2 and 3, joined to one check by a fourth column: with messages of at most 63
    steps they stayed."""
    code = ldpc._code(89, 768, 714)
    plan = ldpc.RateAdaptive(code, code.n)
    key = np.zeros((1, code.n), np.uint8)
    received = key.copy()
    received[0, np.array([242, 558, 624]) * code.z + [216, 12, 436]] = 1
    bits, good = ldpc.correct(plan, received, ldpc.syndrome_of(plan, key), 0.0153)
    assert good.all() and not bits.any()


@needs_kernels
@pytest.mark.parametrize("isa", ["baseline", "avx2", "avx512"])
def test_kernel_and_twin_agree_for_rows_of_every_width_and_beliefs_of_every_size(isa):
    import silla_kernels

    if isa not in silla_kernels.supported():
        pytest.skip(f"no {isa} here")
    rng, degrees = stream(6, "wide"), [1, 2, 3, 7, 8, 9, 16, 31, 100, 255]
    base = np.full((len(degrees), 255), -1)
    for row, degree in zip(base, degrees):
        row[rng.choice(255, degree, replace=False)] = rng.integers(0, 192, degree)
    code = quasi_cyclic(base, 192)
    llr = (rng.choice([3, 40, 300, 16000], (3, code.n)) * rng.choice([-1, 1], (3, code.n))).astype(np.int16)
    syndrome, before = rng.integers(0, 2, (3, code.n_rows * code.z), dtype=np.uint8), silla_kernels.isa()
    try:
        silla_kernels.set_isa(isa)
        fast = sd.syndrome_decode(code, llr, syndrome, 6)
    finally:
        silla_kernels.set_isa(before)
    slow = sd.syndrome_decode_numpy(code, llr, syndrome, 6)
    assert all((a == b).all() for a, b in zip(fast, slow))


def test_join_is_the_sum_of_two_checks_inputs():
    x, y = np.meshgrid(np.arange(128), np.arange(128))
    exact = 16 * np.arctanh(np.tanh(x / 16) * np.tanh(y / 16))
    assert np.abs(sd._joined(x, y) - exact).max() < 1.3  # steps of an eighth of a nat


def test_codes_have_no_short_cycles_and_fall_in_small_steps():
    rates = ldpc.rates()
    assert all(0 < b / a - 1 < 0.15 for a, b in itertools.pairwise(rates))
    for rows, columns in ldpc._table():
        code = ldpc._code(rows, columns)
        assert code.n == max(ldpc.BLOCK, ldpc.SHORTEST * columns) and code.z % sd.LANES == 0
        base = np.full((rows, columns), -1)
        for r in range(rows):
            e = code.edges(r)
            base[r, code.col[e.start : e.stop]] = code.shift[e.start : e.stop]
        for r in range(rows):
            for q in range(r):
                both = (base[r] >= 0) & (base[q] >= 0)
                d = (base[r] - base[q])[both] % code.z
                assert len(set(d.tolist())) == len(d), (rows, r, q)


@needs_kernels
@pytest.mark.parametrize("rate", [0.01, 0.02, 0.03, 0.04, 0.05])
def test_blocks_are_corrected_at_the_efficiency_stated(rate):
    plan = ldpc.choose_rate_adaptive(rate, 1.12)
    rng = stream(3, "block", round(1e4 * rate))
    key = rng.integers(0, 2, (2, plan.n_key), dtype=np.uint8)
    received = key ^ (rng.random(key.shape) < rate).astype(np.uint8)
    assert plan.n_leaked / (plan.n_key * binary_entropy(rate)) == pytest.approx(1.12, rel=1e-4)
    bits, good = ldpc.correct(plan, received, ldpc.syndrome_of(plan, key), rate)
    assert good.all() and (bits == key).all()


@needs_kernels
@pytest.mark.parametrize("rate", [0.01, 0.03])
def test_a_further_syndrome_helps_a_block_that_fails(rate):
    plan = ldpc.choose_rate_adaptive(rate, 1.085)
    rng = stream(4, "further")
    key = rng.integers(0, 2, (1, plan.n_key), dtype=np.uint8)
    received = key ^ (rng.random(key.shape) < 1.09 * rate).astype(np.uint8)  # more errors than the estimate said
    syndrome, further = ldpc.syndrome_of(plan, key), np.zeros((1, 0), np.uint8)
    assert not ldpc.correct(plan, received, syndrome, rate)[1].any()
    for told in range(16):
        further = np.concatenate([further, ldpc.further_syndrome(plan, key, told)], axis=1)
        bits, good = ldpc.correct(plan, received, syndrome, rate, further)
        if good.all():
            break
    assert good.all() and (bits == key).all()
    n_told = syndrome.size + further.size
    assert n_told < 1.14 * plan.n_key * binary_entropy(np.mean(received != key))


def test_halves_of_a_row_add_up_to_it_and_share_its_edges():
    code = small_code()
    plan = ldpc.RateAdaptive(code, code.n)
    key = stream(5, "halves").integers(0, 2, (3, code.n), dtype=np.uint8)
    whole = code.syndrome(key).reshape(3, code.n_rows, code.z)
    finer = ldpc._split(code, code.n_rows).syndrome(key).reshape(3, code.n_rows, 2, code.z)
    assert (finer[:, :, 0] ^ finer[:, :, 1] == whole).all()
    for row in range(code.n_rows):
        assert (ldpc.further_syndrome(plan, key, row) == finer[:, row, 0]).all()
    with pytest.raises(ArgumentError, match="allowed 0 to 3"):
        ldpc.further_syndrome(plan, key, 4)


@needs_kernels
def test_a_block_without_progress_is_given_up_as_the_twin_does():
    code = small_code()
    _, llr, syndrome = noisy(code, 6, 0.11)
    fast, slow = (f(code, llr, syndrome, 40, 3) for f in (sd.syndrome_decode, sd.syndrome_decode_numpy))
    assert (fast.iterations == slow.iterations).all() and (fast.bits == slow.bits).all()
    assert not fast.satisfied.all() and fast.iterations[~fast.satisfied].max() < 40


def test_bad_input_is_refused():
    with pytest.raises(DomainError, match="Use Cascade"):
        ldpc.choose_rate_adaptive(1e-4, 1.1)
    with pytest.raises(DomainError, match="Use Cascade"):
        ldpc.choose_rate_adaptive(0.4, 1.1)
    code = small_code()
    with pytest.raises(ArgumentError, match="int16"):
        sd.syndrome_decode(code, np.zeros((1, code.n), np.int8), np.zeros((1, 256), np.uint8))
    with pytest.raises(ArgumentError, match="16000"):
        sd.syndrome_decode(code, np.full((1, code.n), -32768, np.int16), np.zeros((1, 256), np.uint8))


def test_arguments_of_a_correction_are_checked():
    plan = ldpc.RateAdaptive(small_code(), 1000)
    key = np.zeros((2, 1000), np.uint8)
    told = ldpc.syndrome_of(plan, key)
    for rate in (0.0, 1e-9, 0.5, 0.7, float("nan")):
        with pytest.raises(DomainError, match="error rate"):
            ldpc.correct(plan, key, told, rate)
    for wrong in (key[:, :5], key + 2, key + 0.5):
        with pytest.raises(ArgumentError, match="received"):
            ldpc.correct(plan, wrong, told, 0.01)
        with pytest.raises(ArgumentError, match="key"):
            ldpc.syndrome_of(plan, wrong)
    with pytest.raises(ArgumentError, match="syndrome"):
        ldpc.correct(plan, key, told[:, :-1], 0.01)
    with pytest.raises(ArgumentError, match="further"):
        ldpc.correct(plan, key, told, 0.01, np.zeros((2, 7), np.uint8))
    with pytest.raises(ArgumentError, match="whole number"):
        ldpc.correct(plan, key, told, 0.01, max_iterations=2.5)
    for f in (1.0, float("nan"), float("inf")):
        with pytest.raises(DomainError, match="efficiency"):
            ldpc.choose_rate_adaptive(0.02, f)
