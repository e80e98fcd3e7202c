"""Oracles: the counts of TS 38.212 Tables 5.3.2-1 to -3, H c = 0, the optional sionna wheel."""

from __future__ import annotations

import numpy as np
import pytest

from silla.base import kernels
from silla.base.errors import ArgumentError, DomainError
from silla.coding.codes import LIFTING_SIZES, base_graph, lifting_set, nr_code, quasi_cyclic
from silla.coding.encoding import encode, encode_numpy, encode_packed


def some_bits(n_blocks: int, n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2, (n_blocks, n), dtype=np.uint8)


def test_lifting_sizes_are_those_of_the_table():
    assert len(LIFTING_SIZES) == 51
    assert LIFTING_SIZES[0] == 2 and LIFTING_SIZES[-1] == 384
    assert [z for z in LIFTING_SIZES if lifting_set(z) == 5] == [11, 22, 44, 88, 176, 352]
    with pytest.raises(DomainError, match=r"5\.3\.2-1"):
        lifting_set(17)


@pytest.mark.parametrize(("graph", "rows", "columns", "edges"), [(1, 46, 68, 316), (2, 42, 52, 197)])
def test_tables_have_the_shape_of_the_standard(graph, rows, columns, edges):
    table = base_graph(graph)
    places = {(r, c) for r, c in table[:, :2].tolist()}
    assert len(table) == len(places) == edges
    assert {r for r, _ in places} == set(range(rows)) and {c for _, c in places} == set(range(columns))
    assert table[:, 2:].min() == 0 and table[:, 2:].max() < 384
    n_info = columns - rows
    for row in range(4, rows):  # one parity column each, unrotated
        own = table[(table[:, 0] == row) & (table[:, 1] >= n_info + 4)]
        assert own[:, 1].tolist() == [n_info + row] and not own[:, 2:].any()
    for i in (1, 2, 3):  # the double diagonal
        assert table[table[:, 1] == n_info + i][:2, 0].tolist() == [i - 1, i]


def test_unknown_graph_and_cut_are_refused():
    with pytest.raises(ArgumentError):
        base_graph(3)
    with pytest.raises(DomainError):
        nr_code(1, 8).cut(3)


def test_syndrome_of_any_code_is_its_matrix_times_the_bits():
    rng = np.random.default_rng(4)
    base, z = rng.integers(-1, 13, (3, 7)), 13
    base[:, 0] = 5
    code = quasi_cyclic(base, z)
    h = np.zeros((3 * z, 7 * z), np.uint8)
    for r, c in zip(*np.nonzero(base >= 0)):
        h[r * z + np.arange(z), c * z + (np.arange(z) + base[r, c]) % z] = 1
    x = some_bits(5, 7 * z)
    assert (code.syndrome(x) == x @ h.T % 2).all()


@pytest.mark.parametrize(
    ("base", "z", "says"),
    [([[0, 5]], 5, "shifts"), ([[-1, -1]], 5, "edges"), ([[0, 1]], 0, "at least 1"), ([[0.5]], 4, "integers"),
     ([[0] * 300], 4, "256"), ([[0, 0]], 1 << 30, "allowed")],
)  # fmt: skip
def test_codes_that_do_not_hold_together_are_refused(base, z, says):
    with pytest.raises(ArgumentError, match=says):
        quasi_cyclic(np.array(base), z)


def test_codes_without_the_standard_parity_part_are_not_encoded():
    code = quasi_cyclic(np.arange(48).reshape(4, 12) % 7, 7)
    with pytest.raises(ArgumentError, match="double diagonal"):
        encode(code, some_bits(1, code.k))
    with pytest.raises(DomainError, match="later rows"):
        quasi_cyclic(np.arange(60).reshape(5, 12) % 7, 7).cut(4)


@pytest.mark.parametrize("graph", [1, 2])
@pytest.mark.parametrize("z", LIFTING_SIZES)
def test_every_word_satisfies_every_check(graph, z):
    code = nr_code(graph, z)
    info = some_bits(9, code.k, z)
    words = encode(code, info)
    assert (words[:, : code.k] == info).all()
    assert not code.syndrome(words).any()
    assert words[:, code.k :].any()
    assert (encode_numpy(code, info[:2]) == words[:2]).all()
    assert (encode_packed(code, np.packbits(info, axis=1)) == np.packbits(words, axis=1)).all()


@pytest.mark.skipif(kernels.kernel("ldpc_encode") is None, reason="no C++ kernel")
@pytest.mark.parametrize("z", [8, 24, 72, 104, 208, 384])
def test_packed_words_are_the_same_on_every_instruction_set(z):
    import silla_kernels

    code = nr_code(1, z)
    info = some_bits(11, code.k, z)
    want, before = np.packbits(encode_numpy(code, info), axis=1), silla_kernels.isa()
    try:
        for isa in silla_kernels.supported():
            silla_kernels.set_isa(isa)
            assert (encode_packed(code, np.packbits(info, axis=1)) == want).all()
            assert (np.packbits(encode(code, info), axis=1) == want).all()
    finally:
        silla_kernels.set_isa(before)


def test_packed_bits_of_another_length_are_refused():
    with pytest.raises(ArgumentError, match="uint8"):
        encode_packed(nr_code(1, 8), np.zeros((1, 23), np.uint8))


@pytest.mark.parametrize("rows", [4, 5, 20])
def test_words_of_a_cut_code_are_the_beginnings_of_the_whole_ones(rows):
    code = nr_code(2, 36)
    info = some_bits(3, code.k)
    part = code.cut(rows)
    assert (encode(part, info) == encode(code, info)[:, : part.n]).all()


def test_words_that_are_not_bits_are_refused():
    code = nr_code(2, 4)
    with pytest.raises(ArgumentError, match="0 and 1"):
        encode(code, np.full((1, code.k), 2))
    with pytest.raises(ArgumentError, match=str(code.k)):
        encode(code, some_bits(1, 3))


@pytest.mark.oracle
@pytest.mark.parametrize(
    ("k", "n", "qm"), [(100, 300, 2), (1000, 1200, 4), (3000, 9000, 6), (8448, 9504, 8), (8000, 23000, 2)]
)
def test_sent_bits_are_those_of_sionna(k, n, qm):
    ldpc = pytest.importorskip("sionna.phy.fec.ldpc")
    torch = pytest.importorskip("torch")
    from silla.coding.rate_matching import rate_match

    encoder = ldpc.LDPC5GEncoder(k, n, num_bits_per_symbol=qm)
    info = some_bits(3, k)
    want = encoder(torch.tensor(info, dtype=torch.float32)).numpy()
    graph = 1 if encoder._bg == "bg1" else 2
    code = nr_code(graph, int(encoder.z))
    words = encode(code, np.pad(info, [(0, 0), (0, code.k - k)]))
    assert (rate_match(code, words, n, n_filler=code.k - k, bits_per_symbol=qm) == want).all()
