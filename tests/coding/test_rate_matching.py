"""Oracles: clauses 5.2.2 and 5.4.2 of TS 38.212 followed word by word with loops; round trips."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from silla.base.errors import ArgumentError, DomainError
from silla.coding import rate_matching as rm
from silla.coding.codes import LIFTING_SIZES, nr_code
from silla.coding.encoding import encode
from silla.coding.segmentation import desegment, segment, segmentation, select_base_graph

START = {1: {0: 0, 1: 17, 2: 33, 3: 56}, 2: {0: 0, 1: 13, 2: 25, 3: 43}}


def sent_by_the_letter(graph, z, word, n_filler, e, rv, qm, n_ref):
    """Bit selection and interleaving with the loops of the standard."""
    kb, n = (22, 66 * z) if graph == 1 else (10, 50 * z)
    d = [None if kb * z - n_filler <= i + 2 * z < kb * z else int(word[i + 2 * z]) for i in range(n)]
    n_cb = min(n, n_ref) if n_ref else n
    k0 = START[graph][rv] * n_cb // ((66 if graph == 1 else 50) * z) * z
    chosen, j = [], 0
    while len(chosen) < e:
        if d[(k0 + j) % n_cb] is not None:
            chosen.append(d[(k0 + j) % n_cb])
        j += 1
    out = [0] * e
    for j in range(e // qm):
        for i in range(qm):
            out[i + j * qm] = chosen[i * (e // qm) + j]
    return out


codes = st.tuples(st.sampled_from([1, 2]), st.sampled_from([z for z in LIFTING_SIZES if z <= 64]))


@settings(max_examples=60, deadline=None)
@given(
    codes,
    st.sampled_from([1, 2, 4, 6, 8, 10, 12]),
    st.floats(0.02, 3.0),
    st.integers(0, 3),
    st.floats(0, 0.4),
    st.data(),
)
def test_sent_bits_follow_the_letter_and_come_back(code_of, qm, share, rv, filler_share, data):
    graph, z = code_of
    code = nr_code(graph, z)
    n_filler = int(filler_share * code.k)
    e = max(1, int(share * code.n / qm)) * qm
    n_ref = data.draw(st.sampled_from([None, code.k + z, code.n // 2]))
    info = np.random.default_rng(e).integers(0, 2, (2, code.k), dtype=np.uint8)
    info[:, code.k - n_filler :] = 0
    words = encode(code, info)
    options = {"n_filler": n_filler, "rv": rv, "bits_per_symbol": qm, "n_ref": n_ref}
    sent = rm.rate_match(code, words, e, **options)
    assert sent[1].tolist() == sent_by_the_letter(graph, z, words[1], n_filler, e, rv, qm, n_ref)
    back = rm.rate_dematch(code, 1.0 - 2.0 * sent, **options)
    assert np.abs(back).sum(axis=1).tolist() == [e, e]  # every LLR lands once, and repeats agree
    assert ((back < 0) == (words == 1))[back != 0].all()
    assert not back[:, : 2 * z].any() and not back[:, code.k - n_filler : code.k].any()


def test_combining_adds_at_the_places_and_leaves_the_buffer_alone():
    code = nr_code(2, 16)
    rng = np.random.default_rng(2)
    first, second = rng.normal(size=(1, 300)), rng.normal(size=(1, 300))
    a = rm.rate_dematch(code, first)
    kept = a.copy()
    chase = rm.rate_dematch(code, second, buffer=a)
    assert np.allclose(chase, rm.rate_dematch(code, first + second), atol=1e-6) and (a == kept).all()
    more = rm.rate_dematch(code, second, rv=2, buffer=a)
    assert np.count_nonzero(more) > np.count_nonzero(chase)
    assert rm.rows_needed(code, more) == 36  # 25 columns into the buffer, 300 bits on


def test_rows_needed_end_at_the_last_parity_received():
    code = nr_code(1, 8)
    for e, rows in [(20 * 8, 4), (25 * 8, 5), (25 * 8 + 1, 6), (66 * 8, 46)]:
        assert rm.rows_needed(code, rm.rate_dematch(code, np.ones((1, e)))) == rows


def test_output_lengths_share_out_all_bits():
    lengths = rm.output_lengths(7 * 12 * 2, 4, 6, 2)
    assert lengths.sum() == 168 and (np.diff(lengths) >= 0).all() and not (lengths % 12).any()
    with pytest.raises(ArgumentError):
        rm.output_lengths(100, 2, 6)


def test_impossible_arguments_are_refused():
    code = nr_code(1, 8)
    with pytest.raises(ArgumentError, match="redundancy version"):
        rm.selection(code, 0, 4)
    with pytest.raises(ArgumentError, match="symbol"):
        rm.rate_match(code, np.zeros((1, code.n), np.uint8), 7, bits_per_symbol=2)
    with pytest.raises(ArgumentError, match="not a number"):
        rm.rate_dematch(code, np.full((1, 10), np.nan))
    with pytest.raises(ArgumentError, match="whole codes"):
        rm.selection(code.cut(10), 0, 0)


def test_base_graph_follows_clause_7_2_2():
    cases = {(292, 0.95): 2, (293, 0.95): 1, (3824, 0.67): 2, (3824, 0.68): 1, (3825, 0.5): 1, (100000, 0.25): 2}
    assert {case: select_base_graph(*case) for case in cases} == cases


@pytest.mark.parametrize(
    ("a", "graph", "expected"),
    # (blocks, K', z): worked by hand from clause 5.2.2
    [(24, 2, (1, 40, 7)), (176, 2, (1, 192, 32)), (3824, 2, (1, 3840, 384)), (8424, 1, (1, 8448, 384)),
     (8456, 1, (2, 4264, 208)), (1277992, 1, (152, 8432, 384))],
)  # fmt: skip
def test_segmentation_by_hand(a, graph, expected):
    cut = segmentation(a, graph=graph)
    assert (cut.n_blocks, cut.k_used, cut.z) == expected
    assert cut.crc == ("24A" if a > 3824 else "16")


@pytest.mark.parametrize("a", [24, 640, 3824, 8456, 20496])
def test_segments_come_back_and_an_error_is_seen(a):
    cut = segmentation(a, rate=0.8)
    bits = np.random.default_rng(a).integers(0, 2, (2, a), dtype=np.uint8)
    blocks = segment(cut, bits)
    back, good, each = desegment(cut, blocks)
    assert (back == bits).all() and good.all() and each.all()
    blocks[1, 0, 3] ^= 1
    _, good, each = desegment(cut, blocks)
    assert good.tolist() == [True, False] and not each[1, 0] and each[1, 1:].all()


def test_blocks_that_do_not_cut_evenly_are_refused():
    with pytest.raises(ArgumentError, match=r"5\.1\.3\.2"):
        segmentation(20000, graph=1)
    with pytest.raises(DomainError):
        select_base_graph(1000, 1.5)


@settings(max_examples=60, deadline=None)
@given(
    codes,
    st.sampled_from([1, 2, 3, 4, 6, 8, 10, 12]),
    st.floats(0.05, 3.5),
    st.integers(0, 3),
    st.integers(0, 1),
    st.data(),
)
def test_soft_combining_of_the_kernel_is_that_of_its_twin(code_of, qm, share, rv, limited, data):
    code = nr_code(*code_of)
    rng = np.random.default_rng(data.draw(st.integers(0, 1 << 30)))
    n_filler = int(rng.integers(0, code.k // 2))
    n_ref = int(code.n * 0.6) if limited else None
    e = max(1, int(share * code.n) // qm) * qm
    numbers = np.array([2, 0])
    received = rng.integers(-128, 128, (3, 2 * e + 5)).astype(np.int8)
    llr = received[:, 5:].reshape(3, 2, e)
    total = rng.integers(-127, 128, (3, 4, code.n)).astype(np.int8)
    expected = total.copy()
    rm.combine_numpy(code, llr, expected, numbers, qm, n_filler, rv, n_ref)
    rm.combine(code, llr, total, numbers, n_filler=n_filler, rv=rv, bits_per_symbol=qm, n_ref=n_ref)
    assert np.array_equal(total, expected)


@pytest.mark.oracle
@pytest.mark.parametrize("rv", [0, 1, 2, 3])
@pytest.mark.parametrize(("graph", "z", "n_filler"), [(1, 32, 40), (2, 56, 17), (1, 384, 0), (2, 7, 28)])
@pytest.mark.parametrize(("qm", "modulation"), [(2, "QPSK"), (4, "16QAM"), (6, "64QAM"), (8, "256QAM")])
def test_sent_bits_of_every_redundancy_version_are_those_of_py3gpp(graph, z, n_filler, rv, qm, modulation):
    py3gpp = pytest.importorskip("py3gpp")
    code = nr_code(graph, z)
    info = np.random.default_rng(z).integers(0, 2, (2, code.k), dtype=np.uint8)
    info[:, code.k - n_filler :] = 0
    words = encode(code, info)
    for share in (0.4, 1.3):
        e = int(share * code.n) // qm * qm
        circular = words[:, 2 * z :].T.astype(int)
        circular[code.k - n_filler - 2 * z : code.k - 2 * z] = -1
        want = py3gpp.nrRateMatchLDPC(circular, 2 * e, rv, modulation, 1).reshape(2, e)
        assert np.array_equal(rm.rate_match(code, words, e, n_filler=n_filler, rv=rv, bits_per_symbol=qm), want)
