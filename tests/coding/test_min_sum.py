"""Oracles: the NumPy twin bit by bit, belief propagation, exact enumeration of a short code, the sionna wheel.

Statistical bounds are exact binomial ones with a false-alarm rate below 1e-6.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from silla.base import kernels
from silla.base.errors import ArgumentError
from silla.base.rng import stream
from silla.coding import rate_matching as rm
from silla.coding.belief import belief_propagation, min_sum_float
from silla.coding.codes import LIFTING_SIZES, nr_code, quasi_cyclic
from silla.coding.crc import CRC_LENGTH, append
from silla.coding.encoding import encode
from silla.coding.min_sum import CORRECTION, Correction, decode, decode_numpy, quantise


def received(code, n_blocks, e, es_n0_db, seed=0, rv=0):
    """(information, code cut as needed, buffer of LLRs) of QPSK over AWGN."""
    rng = stream(seed, "coding", "awgn", e)
    info = rng.integers(0, 2, (n_blocks, code.k), dtype=np.uint8)
    sent = rm.rate_match(code, encode(code, info), e, rv=rv)
    n0 = 10.0 ** (-es_n0_db / 10.0)
    y = (1.0 - 2.0 * sent) / np.sqrt(2.0) + rng.standard_normal(sent.shape) * np.sqrt(n0 / 2.0)
    buffer = rm.rate_dematch(code, 2.0 * np.sqrt(2.0) * y / n0, rv=rv)
    part = code.cut(rm.rows_needed(code, buffer))
    return info, part, buffer[:, : part.n]


@pytest.mark.skipif(kernels.kernel("ldpc_decode") is None, reason="no C++ kernel")
@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([1, 2]),
    st.sampled_from(LIFTING_SIZES),
    st.integers(4, 42),
    st.integers(1, 16),
    st.integers(0, 3),
    st.sampled_from([1, 31, 127]),
    st.booleans(),
    st.booleans(),
    st.sampled_from([None, "6", "11", "16", "24A", "24B", "24C"]),
    st.integers(0, 2**31),
)
def test_kernel_and_twin_agree_in_every_bit(
    graph, z, rows, sixteenths, offset, limit, early_stop, with_syndrome, name, seed
):
    code = nr_code(graph, z).cut(rows)
    rng = np.random.default_rng(seed)
    info = rng.integers(0, 2, (3, code.k), dtype=np.uint8)
    length = CRC_LENGTH.get(name, 1 << 30)
    stop = None if length >= code.k else (name, int(rng.integers(length + 1, code.k + 1)))
    if stop:
        info[:, : stop[1]] = append(info[:, : stop[1] - length], name)
    words = encode(code, info)
    llr = quantise(1.0 - 2.0 * words + rng.normal(0, rng.uniform(0.1, 2), words.shape), rng.uniform(1, 120))
    syndrome = rng.integers(0, 2, (3, rows * z), dtype=np.uint8) if with_syndrome else None
    correction = Correction(sixteenths, offset, limit)
    fast = decode(
        code,
        llr,
        max_iterations=3,
        correction=correction,
        early_stop=early_stop,
        n_out=code.n_cols,
        syndrome=syndrome,
        crc=stop,
    )
    slow = decode_numpy(code, llr, 3, correction, early_stop, code.n_cols, syndrome, stop)
    for a, b in zip(fast, slow):
        assert (a == b).all()


@pytest.mark.skipif(kernels.kernel("ldpc_decode") is None, reason="no C++ kernel")
def test_all_instruction_sets_agree():
    import silla_kernels

    code = nr_code(1, 72).cut(9)
    llr = np.random.default_rng(5).integers(-128, 128, (4, code.n)).astype(np.int8)
    answers, before = [], silla_kernels.isa()
    try:
        for isa in silla_kernels.supported():
            silla_kernels.set_isa(isa)
            answers.append(decode(code, llr, max_iterations=4))
    finally:
        silla_kernels.set_isa(before)
    for other in answers[1:]:
        assert all((a == b).all() for a, b in zip(answers[0], other))


@pytest.mark.skipif(kernels.kernel("ldpc_decode") is None, reason="no C++ kernel")
@pytest.mark.parametrize("isa", ["baseline", "avx2", "avx512"])
@pytest.mark.parametrize(("graph", "z", "n_blocks"), [(2, 2, 150), (2, 3, 64), (1, 5, 37), (2, 30, 9), (1, 48, 7)])
def test_short_blocks_side_by_side_are_decoded_as_each_alone(graph, z, n_blocks, isa):
    """Blocks that need more or fewer iterations take one another's places; a syndrome and a CRC go with their block."""
    import silla_kernels

    if isa not in silla_kernels.supported():
        pytest.skip(f"this processor has no {isa}")
    code, rng = nr_code(graph, z).cut(9), np.random.default_rng(z)
    info = append(rng.integers(0, 2, (n_blocks, code.k - 6), dtype=np.uint8), "6")
    words, other = encode(code, info), rng.integers(0, 2, (n_blocks, code.n), dtype=np.uint8)
    noise = rng.uniform(0.3, 1.0, (n_blocks, 1)) * rng.normal(size=words.shape)
    before = silla_kernels.isa()
    silla_kernels.set_isa(isa)
    try:
        for bits, syndrome, stop in ((words, None, ("6", code.k)), (other, code.syndrome(other), None)):
            llr = quantise(2.0 * (1.0 - 2.0 * bits + noise))
            for early in (True, False):
                fast = decode(code, llr, early_stop=early, syndrome=syndrome, crc=stop, n_out=code.n_cols)
                slow = decode_numpy(code, llr, 10, CORRECTION, early, code.n_cols, syndrome, stop)
                assert all((a == b).all() for a, b in zip(fast, slow))
                assert not early or len(set(fast.iterations.tolist())) > 2
    finally:
        silla_kernels.set_isa(before)


def random_code(rng, z, n_cols, degrees):
    """A code without any structure: rows of these degrees on random columns."""
    base = np.full((len(degrees), n_cols), -1)
    for row, degree in zip(base, degrees):
        row[rng.choice(n_cols, degree, replace=False)] = rng.integers(0, z, degree)
    return quasi_cyclic(base, z)


@pytest.mark.skipif(kernels.kernel("ldpc_decode") is None, reason="no C++ kernel")
@pytest.mark.parametrize("isa", ["baseline", "avx2", "avx512"])
@pytest.mark.parametrize("z", [1, 7, 63, 64, 65, 129, 1000, 4096, 10007, 32768])
def test_kernel_and_twin_agree_for_any_code_and_lifting_size(z, isa):
    import silla_kernels

    if isa not in silla_kernels.supported():
        pytest.skip(f"this processor has no {isa}")
    rng = np.random.default_rng(z)
    code = random_code(rng, z, 43, [1, 2, 43, 3, 17, 24, 33, 9] if z < 4096 else [1, 43, 9])
    llr = rng.integers(-128, 128, (2, code.n)).astype(np.int8)
    syndrome = rng.integers(0, 2, (2, code.n_rows * z), dtype=np.uint8)
    before = silla_kernels.isa()
    silla_kernels.set_isa(isa)
    try:
        fast = decode(code, llr, max_iterations=2, n_out=code.n_cols, syndrome=syndrome)
    finally:
        silla_kernels.set_isa(before)
    slow = decode_numpy(code, llr, 2, CORRECTION, True, code.n_cols, syndrome)
    assert all((a == b).all() for a, b in zip(fast, slow))


@pytest.mark.parametrize("z", [1000, 10007])
def test_long_random_codes_find_the_bits_from_their_syndrome(z):
    """A regular (3, 12) code of random circulants at a quarter of the errors that min-sum bears."""
    rng = stream(1, "coding", "long", z)
    half = [rng.permutation(24).reshape(2, 12) for _ in range(3)]
    base = np.full((6, 24), -1)
    for row, columns in zip(base, np.concatenate(half)):
        row[columns] = rng.integers(0, z, 12)
    code = quasi_cyclic(base, z)
    bits = rng.integers(0, 2, (2, code.n), dtype=np.uint8)
    other = bits ^ (rng.random(bits.shape) < 0.005)
    llr = quantise(5.3 * (1.0 - 2.0 * other))
    found = decode(
        code,
        llr,
        max_iterations=40,
        n_out=code.n_cols,
        syndrome=code.syndrome(bits),
        correction=Correction(offset=2, limit=31),
    )
    assert found.satisfied.all() and (found.bits == bits).all()
    stays = decode(
        code,
        llr,
        max_iterations=60,
        n_out=code.n_cols,
        syndrome=code.syndrome(bits),
        early_stop=False,
        correction=Correction(offset=2, limit=31),
    )
    assert (stays.bits == bits).all()


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([(1, 24), (2, 24), (1, 30), (2, 52)]),
    st.integers(0, 3),
    st.floats(1.15, 3.5),
    st.integers(0, 60),
    st.sampled_from([1, 2, 6]),
)
def test_clean_blocks_of_every_length_and_version_come_back(code_of, rv, share, n_filler, qm):
    code = nr_code(*code_of)
    rng = np.random.default_rng(n_filler)
    info = rng.integers(0, 2, (2, code.k), dtype=np.uint8)
    info[:, code.k - n_filler :] = 0
    e = int(share * code.k / qm) * qm if rv in (0, 3) else 3 * code.k // qm * qm
    options = {"n_filler": n_filler, "rv": rv, "bits_per_symbol": qm}
    llr = 8.0 * (1.0 - 2.0 * rm.rate_match(code, encode(code, info), e, **options))
    buffer = rm.rate_dematch(code, llr, **options)
    first = rm.rate_dematch(code, 8.0 - 16.0 * rm.rate_match(code, encode(code, info), 2 * code.k // qm * qm,
                            **{**options, "rv": 0}), **{**options, "rv": 0})  # fmt: skip
    both = rm.buffer_llr(code, buffer + first, n_filler)
    answer = decode(code, quantise(both), max_iterations=30)
    assert answer.satisfied.all() and (answer.bits == info).all()


def test_short_code_is_decoded_to_the_nearest_word():
    """All 4096 words of 12 information bits (8 known zeros): belief propagation against exact enumeration."""
    code = nr_code(2, 2)
    every = np.pad((np.arange(4096)[:, None] >> np.arange(12) & 1).astype(np.uint8), [(0, 0), (0, 8)])
    words = 1.0 - 2.0 * encode(code, every)
    rng = stream(3, "coding", "ml")
    sent = rng.integers(0, 4096, 300)
    llr = 2.0 * (words[sent] + rng.normal(0, 1.0, (300, code.n)))
    llr[:, :4] = 0.0
    best = (llr[:, 4:] @ words[:, 4:].T + np.where(words[:, 12:20].min(axis=1) < 0, -1e9, 0)).argmax(axis=1)
    with_fillers = llr.copy()
    with_fillers[:, 12:20] = np.inf
    found = belief_propagation(code, with_fillers, max_iterations=40)
    same = (found.bits == every[best]).all(axis=1)
    assert same.mean() > 0.9  # the code is full of short cycles; a random word would agree in 1 of 4096


@pytest.mark.parametrize("fast", [True, False])
def test_a_crc_stops_a_block_whose_own_parity_bits_are_beyond_repair(fast):
    """Parity bits of degree 1, received wrong and too strong for any message: their checks never hold."""
    code = nr_code(1, 64).cut(12)
    info = append(np.random.default_rng(8).integers(0, 2, (2, code.k - 24), dtype=np.uint8), "24B")
    llr = quantise(10.0 * (1.0 - 2.0 * encode(code, info)))
    llr[1, (code.n_info + 6) * 64 :][:5] = np.where(llr[1, (code.n_info + 6) * 64 :][:5] > 0, -127, 127)

    def run(crc):
        if fast:
            return decode(code, llr, correction=Correction(limit=31), crc=crc)
        return decode_numpy(code, llr, 10, Correction(limit=31), True, code.n_info, None, crc)

    without, given = run(None), run(("24B", code.k))
    assert without.satisfied.tolist() == [True, False] and without.iterations.tolist() == [1, 10]
    assert given.satisfied.all() and given.iterations.tolist() == [1, 1] and (given.bits == info).all()
    info[1, 3] ^= 1  # a word whose CRC is wrong is not stopped by it
    llr[1] = np.where(llr[1] > 127, 0, quantise(10.0 * (1.0 - 2.0 * encode(code, info[1:])))[0])
    llr[1, -5:] = -llr[1, -5:]
    assert run(("24B", code.k)).satisfied.tolist() == [True, False]


@pytest.mark.parametrize(("e", "es_n0_db"), [(9504, 6.6), (16896, 1.5), (25344, -0.75)])
def test_blocks_0_3_db_above_the_measured_waterfall_are_decoded(e, es_n0_db):
    """Block errors there are below 1e-3 by the table in min_sum.py; 8 of 60 would be a chance of 1e-15."""
    info, code, buffer = received(nr_code(1, 384), 60 if kernels.available() else 3, e, es_n0_db)
    answer = decode(code, quantise(buffer))
    wrong = (answer.bits != info).any(axis=1)
    assert wrong.sum() <= 1 and (answer.satisfied == ~wrong).all()
    assert (answer.iterations < 10).any()


@pytest.mark.parametrize(("e", "es_n0_db"), [(9504, 6.25), (16896, 1.2), (25344, -1.05)])
def test_stopping_early_changes_no_decision_and_hides_no_error(e, es_n0_db):
    """The same blocks with and without the stop, where many fail: a stopped block is right, as ten iterations say."""
    code, rng = nr_code(1, 384), stream(8, "coding", "stop", e)
    n_blocks = 120 if kernels.available() else 3
    info = append(rng.integers(0, 2, (n_blocks, code.k - 24), dtype=np.uint8), "24B")
    sent, n0 = rm.rate_match(code, encode(code, info), e), 10.0 ** (-es_n0_db / 10.0)
    y = (1.0 - 2.0 * sent) / np.sqrt(2.0) + rng.standard_normal(sent.shape) * np.sqrt(n0 / 2.0)
    buffer = rm.rate_dematch(code, 2.0 * np.sqrt(2.0) * y / n0)
    part = code.cut(rm.rows_needed(code, buffer))
    llr = quantise(buffer[:, : part.n])
    whole = (decode(part, llr, early_stop=False).bits != info).any(axis=1)
    for stop in (None, ("24B", part.k)):
        found = decode(part, llr, crc=stop)
        wrong = (found.bits != info).any(axis=1)
        assert (wrong == whole).all() and not (wrong & found.satisfied).any()
        assert (found.iterations[found.satisfied] < 10).any()
    assert n_blocks < 100 or 3 <= whole.sum() <= n_blocks - 20


def test_belief_propagation_is_no_worse_than_min_sum():
    info, code, buffer = received(nr_code(1, 48), 80, 2112, 0.9)
    wrong = {
        "bp": (belief_propagation(code, buffer, max_iterations=15).bits != info).any(axis=1).sum(),
        "plain": (min_sum_float(code, buffer, factor=1.0, max_iterations=15).bits != info).any(axis=1).sum(),
        "int8": (decode(code, quantise(buffer), max_iterations=15).bits != info).any(axis=1).sum(),
    }
    assert wrong["bp"] <= wrong["int8"] <= wrong["plain"]
    assert wrong["bp"] < wrong["plain"]


def test_layers_need_about_half_the_iterations_of_flooding():
    _, code, buffer = received(nr_code(2, 64), 40, 1600, 1.5)
    layered = belief_propagation(code, buffer, layered=True).iterations
    flooding = belief_propagation(code, buffer, layered=False).iterations
    assert 0.4 < layered.mean() / flooding.mean() < 0.7


def test_incremental_redundancy_beats_chase_and_both_beat_one_transmission():
    code = nr_code(1, 64)
    rng = stream(4, "coding", "harq")
    info = rng.integers(0, 2, (60, code.k), dtype=np.uint8)
    words, e, n0 = encode(code, info), 1700, 10 ** (-2.6 / 10.0)

    def send(rv, buffer=None):
        x = rm.rate_match(code, words, e, rv=rv)
        y = (1.0 - 2.0 * x) / np.sqrt(2.0) + rng.standard_normal(x.shape) * np.sqrt(n0 / 2.0)
        return rm.rate_dematch(code, 2.0 * np.sqrt(2.0) * y / n0, rv=rv, buffer=buffer)

    def errors(buffer):
        part = code.cut(rm.rows_needed(code, buffer))
        return (decode(part, quantise(buffer[:, : part.n])).bits != info).any(axis=1).sum()

    first = send(0)
    once, chase, incremental = errors(first), errors(send(0, first)), errors(send(2, first))
    assert once >= 55 and incremental <= chase < once and incremental <= 2


def test_bad_input_is_refused():
    code = nr_code(2, 8)
    with pytest.raises(ArgumentError, match="not a number"):
        quantise(np.array([np.nan]))
    with pytest.raises(ArgumentError, match="int8"):
        decode(code, np.zeros((1, code.n)))
    with pytest.raises(ArgumentError, match="syndrome"):
        decode(code, np.zeros((1, code.n), np.int8), syndrome=np.zeros((1, 3), np.uint8))
    with pytest.raises(ArgumentError, match=r"5\.1"):
        decode(code, np.zeros((1, code.n), np.int8), crc=("32", 40))
    with pytest.raises(ArgumentError, match="max_iterations"):
        decode(code, np.zeros((1, code.n), np.int8), max_iterations=0)
    for wrong in ({"sixteenths": 0}, {"sixteenths": 15.5}, {"offset": float("nan")}, {"limit": 128}):
        with pytest.raises(ArgumentError, match="Correction"):
            Correction(**wrong)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_iterations": -1}, "1 or more"),
        ({"max_iterations": 2.5}, "whole number"),
        ({"n_out": -1}, "n_out"),
        ({"n_out": 1.5}, "whole number"),
        ({"crc": ("24B",)}, r"5\.1"),
        ({"crc": ("16", 16)}, r"5\.1"),
        ({"crc": (None, 40)}, r"5\.1"),
        ({"syndrome": np.full((1, 336), 7, np.uint8)}, "0 and 1"),
        ({"syndrome": np.full((1, 336), np.nan)}, "0 and 1"),
        ({"llr": [[0]]}, "int8"),
        ({"llr": np.zeros(416, np.int8)}, "int8"),
    ],
)
def test_a_decoder_says_what_does_not_fit(options, message):
    code = nr_code(2, 8)
    with pytest.raises(ArgumentError, match=message):
        decode(code, **{"llr": np.zeros((1, code.n), np.int8), **options})


@pytest.mark.parametrize(
    ("llr", "scale", "limit"), [([1.0], -4.0, 127), ([1.0], np.nan, 127), ([1.0], 4.0, 500), ([1j], 4.0, 127)]
)
def test_quantising_refuses_what_has_no_meaning(llr, scale, limit):
    with pytest.raises(ArgumentError):
        quantise(np.array(llr), scale, limit)


@pytest.mark.parametrize("value", [0.5, np.nan, 256, -1])
def test_information_that_is_no_bits_is_refused(value):
    code = nr_code(2, 8)
    with pytest.raises(ArgumentError, match="0 and 1"):
        encode(code, np.full((1, code.k), value))


@pytest.mark.oracle
def test_decisions_are_those_of_sionna():
    ldpc = pytest.importorskip("sionna.phy.fec.ldpc")
    torch = pytest.importorskip("torch")
    k, n = 440, 880
    encoder = ldpc.LDPC5GEncoder(k, n)
    oracle = ldpc.LDPC5GDecoder(encoder, num_iter=20, cn_update="boxplus", hard_out=True)
    code = nr_code(1 if encoder._bg == "bg1" else 2, int(encoder.z))
    rng = stream(6, "coding", "sionna")
    info = rng.integers(0, 2, (200, k), dtype=np.uint8)
    filled = np.pad(info, [(0, 0), (0, code.k - k)])
    x = rm.rate_match(code, encode(code, filled), n, n_filler=code.k - k)
    llr = 2.0 * (1.0 - 2.0 * x + rng.normal(0, 0.87, x.shape)) / 0.87**2
    want = oracle(torch.tensor(-llr, dtype=torch.float32)).numpy()
    buffer = rm.buffer_llr(code, rm.rate_dematch(code, llr, n_filler=code.k - k), code.k - k)
    mine = belief_propagation(code, buffer, max_iterations=20, layered=False).bits[:, :k]
    wrong, theirs = (mine != info).any(axis=1), (want != info).any(axis=1)
    assert 10 < theirs.sum() < 190  # a point of the waterfall where the comparison says something
    assert (wrong != theirs).mean() < 0.05


@pytest.mark.oracle
@pytest.mark.slow
@pytest.mark.parametrize(("n", "snr_db"), [(3168, -1.4), (2112, 1.0), (1188, 6.2)])
def test_block_errors_are_within_a_tenth_of_a_decibel_of_sionna(n, snr_db):
    """Offset min-sum on QPSK at rates 1/3, 1/2 and 8/9, 30 iterations of each, the same bits and the same noise."""
    ldpc = pytest.importorskip("sionna.phy.fec.ldpc")
    torch = pytest.importorskip("torch")
    k, n_blocks, iterations = 1056, 120, 30
    encoder = ldpc.LDPC5GEncoder(k, n)
    oracle = ldpc.LDPC5GDecoder(encoder, num_iter=iterations, cn_update="offset-minsum", hard_out=True)
    code = nr_code(1 if encoder._bg == "bg1" else 2, int(encoder.z))
    n_filler, rng = code.k - k, stream(7, "coding", "sionna", n)
    info = rng.integers(0, 2, (n_blocks, k), dtype=np.uint8)
    x = rm.rate_match(code, encode(code, np.pad(info, [(0, 0), (0, n_filler)])), n, n_filler=n_filler)
    noise, cut = rng.normal(size=x.shape), code.cut(rm.rows_reached(code, n, n_filler=n_filler))

    def llr(es_n0_db: float) -> np.ndarray:
        amplitude = 10.0 ** (es_n0_db / 20.0)  # of a bit, over noise of variance 1
        return 2.0 * amplitude * ((1.0 - 2.0 * x) * amplitude + noise)

    def mine(es_n0_db: float) -> int:
        buffer = rm.rate_dematch(code, llr(es_n0_db), n_filler=n_filler)
        steps = quantise(rm.buffer_llr(code, buffer, n_filler))[:, : cut.n]
        found = decode(cut, np.ascontiguousarray(steps), max_iterations=iterations)
        return int((found.bits[:, :k] != info).any(axis=1).sum())

    got = oracle(torch.tensor(-llr(snr_db), dtype=torch.float32)).numpy()
    theirs = int((got != info).any(axis=1).sum())
    assert 10 < theirs < 90  # a point of the waterfall where the comparison says something
    assert mine(snr_db + 0.1) <= theirs  # the loss is below 0.1 dB
    assert mine(snr_db) <= 1.3 * theirs
