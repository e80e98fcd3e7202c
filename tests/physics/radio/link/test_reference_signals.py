"""Oracles: the formulas of TS 38.211 written out index by index (`plain.py`), sionna's DM-RS, py3gpp's PDSCH DM-RS and
PT-RS, and properties that the clauses imply: orthogonal ports, flat spectra, every branch sounded once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.physics.radio.link import plain

from silla.base.errors import ArgumentError
from silla.physics.radio.link.control_dmrs import pbch_dmrs, pdcch_dmrs
from silla.physics.radio.link.dmrs import Dmrs, dmrs_grid, dmrs_symbols
from silla.physics.radio.link.grid import Carrier, riv, riv_decoded, sliv, sliv_decoded, vrb_to_prb
from silla.physics.radio.link.low_papr import base_sequence, low_papr
from silla.physics.radio.link.ptrs import (
    Ptrs,
    TransformPtrs,
    common_phase_error,
    phase_by_symbol,
    ptrs_subcarriers,
    ptrs_symbols,
    transform_ptrs_places,
    transform_ptrs_values,
)
from silla.physics.radio.link.scrambling import gold
from silla.physics.radio.link.srs import Srs, srs_bandwidth, srs_grid, srs_signal


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_dmrs_is_the_formula_written_out(data):
    draw = data.draw
    config_type, length = draw(st.sampled_from([1, 2])), draw(st.sampled_from([1, 2]))
    port = draw(st.integers(0, (4, 6)[config_type - 1] * length - 1))
    group = port // 2 % (config_type + 1)
    config = Dmrs(
        config_type, length, draw(st.integers(0, 1 if length == 2 else 3)), n_id=(draw(st.integers(0, 65535)), 4711),
        n_scid=draw(st.sampled_from([0, 1])), group_scrambling=draw(st.booleans()),
        cdm_groups_without_data=draw(st.integers(group + 1, config_type + 1)),
    )  # fmt: skip
    carrier = Carrier(draw(st.integers(4, 9)), draw(st.integers(0, 20)), 2, draw(st.integers(0, 39)), cell_id=17)
    prbs = np.unique(draw(st.lists(st.integers(0, 3), min_size=1)))
    symbols = dmrs_symbols("pdsch", "A", 0, 14, config)
    found = dmrs_grid(carrier, prbs, symbols, (port,), config)
    want = np.zeros_like(found.values[0])
    for (symbol, k), value in plain.dmrs_values(carrier, set(prbs.tolist()), symbols, port, config).items():
        want[symbols.index(symbol), k] = value
    assert np.allclose(found.values[0], want, atol=2e-5)
    assert found.blocked[:, np.flatnonzero(np.abs(want).any(axis=0))].all()


@pytest.mark.parametrize(("config_type", "n_ports"), [(1, 8), (2, 12)])
def test_ports_are_orthogonal_over_a_code(config_type, n_ports):
    config = Dmrs(config_type, 2, ports=tuple(range(n_ports)), cdm_groups_without_data=config_type + 1)
    grid = dmrs_grid(Carrier(n_prb=2, slot=3), np.arange(2), (2, 3), tuple(range(n_ports)), config)
    flat = grid.values.reshape(n_ports, -1)
    gram = flat @ flat.conj().T
    per_port = 2 * 2 * config.per_prb * (config_type + 1)
    assert np.allclose(gram, per_port * np.eye(n_ports), atol=1e-3)


# Rows read from the tables by hand: channel, type, duration, length, additional position, symbols beside l0
@pytest.mark.parametrize(
    ("channel", "mapping", "start", "n", "length", "more", "want"),
    [
        ("pusch", "A", 0, 4, 1, 3, (2,)),
        ("pusch", "A", 0, 12, 1, 1, (2, 9)),
        ("pusch", "A", 0, 14, 1, 3, (2, 5, 8, 11)),
        ("pusch", "A", 0, 14, 2, 1, (2, 3, 10, 11)),
        ("pusch", "B", 3, 10, 1, 3, (3, 6, 9, 12)),
        ("pusch", "B", 0, 12, 2, 1, (0, 1, 9, 10)),
        ("pdsch", "A", 2, 12, 1, 2, (2, 7, 11)),
        ("pdsch", "B", 1, 9, 1, 2, (1, 5, 8)),
        ("pdsch", "B", 1, 13, 2, 1, (1, 2, 9, 10)),
        ("pdsch", "B", 4, 2, 1, 1, (4,)),
    ],
)
def test_symbol_tables(channel, mapping, start, n, length, more, want):
    assert dmrs_symbols(channel, mapping, start, n, Dmrs(length=length, additional_position=more)) == want


@pytest.mark.oracle
def test_pusch_symbol_tables_are_those_of_sionna():
    nr = pytest.importorskip("sionna.phy.nr")
    for mapping in "AB":
        for length in (1, 2):
            for more in range(4 if length == 1 else 2):
                for n in range(1, 15):
                    config = Dmrs(length=length, additional_position=more)
                    try:
                        theirs = nr.PUSCHConfig(
                            mapping_type=mapping, symbol_allocation=[0, n],
                            pusch_dmrs_config=nr.PUSCHDMRSConfig(length=length, additional_position=more),
                        ).dmrs_symbol_indices  # fmt: skip
                    except ValueError:
                        continue
                    assert list(dmrs_symbols("pusch", mapping, 0, n, config)) == theirs


@pytest.mark.oracle
@pytest.mark.parametrize(("slot", "n_id", "more"), [(0, 0, 0), (7, 4321, 1), (19, 65535, 3)])
def test_pdsch_dmrs_and_ptrs_are_those_of_py3gpp(slot, n_id, more):
    pytest.importorskip("py3gpp")
    from py3gpp.configs.nrCarrierConfig import nrCarrierConfig
    from py3gpp.configs.nrPDSCHConfig import nrPDSCHConfig
    from py3gpp.nrPDSCHDMRS import nrPDSCHDMRS
    from py3gpp.nrPDSCHPTRS import nrPDSCHPTRS
    from py3gpp.nrPDSCHPTRSIndices import nrPDSCHPTRSIndices

    from silla.physics.radio.link.pdsch import PdschConfig, pdsch_layout

    theirs, carrier = nrPDSCHConfig(), nrCarrierConfig()
    theirs.NSizeBWP, theirs.PRBSet, theirs.RNTI, theirs.SymbolAllocation = 24, list(range(24)), 5, [0, 14]
    theirs.DMRS.DMRSAdditionalPosition, theirs.DMRS.NIDNSCID = more, n_id
    theirs.EnablePTRS = True
    carrier.NSlot, carrier.NSizeGrid = slot, 24
    config = PdschConfig(
        Carrier(24, slot=slot), dmrs=Dmrs(additional_position=more, n_id=(n_id, 0), cdm_groups_without_data=1),
        ptrs=Ptrs(1, 2, 0), n_rnti=5,
    )  # fmt: skip
    mine = pdsch_layout(config)
    pilots = mine.dmrs.values[0]
    assert np.allclose(pilots[np.abs(pilots) > 0], nrPDSCHDMRS(theirs, carrier), atol=1e-6)
    assert np.array_equal(np.sort(nrPDSCHPTRSIndices(carrier, theirs)), mine.ptrs)
    assert np.allclose(mine.pilots[0].reshape(-1)[mine.ptrs], nrPDSCHPTRS(carrier, theirs), atol=1e-6)


@pytest.mark.parametrize("u", [0, 7, 29])
def test_low_papr_sequences(u):
    for length, v in ((36, 0), (48, 0), (72, 1), (144, 0), (288, 1), (1632, 0)):
        assert np.allclose(base_sequence(u, v, length), plain.zadoff_chu(u, v, length), atol=1e-9)
    for length in (6, 12, 18, 24, 30):
        r = base_sequence(u, 0, length)
        assert np.allclose(np.abs(r), 1.0)
        wave = np.abs(np.fft.ifft(r, 16 * length)) ** 2
        assert wave.max() / wave.mean() < 10 ** (0.47 if length > 6 else 0.5)  # far below the 7 dB of random QPSK
    # Orthogonal cyclic shifts
    shifts = np.array([low_papr(u, 0, 24, 2 * np.pi * i / 12) for i in range(12)])
    assert np.allclose(shifts @ shifts.conj().T, 24 * np.eye(12), atol=1e-4)


def test_groups_of_one_length_are_nearly_uncorrelated():
    for length in (12, 24, 30, 72):
        r = np.array([base_sequence(u, 0, length) for u in range(30)])
        gram = np.abs(r @ r.conj().T) / length
        assert len(np.unique(np.round(r, 6), axis=0)) == 30 and np.median(gram[~np.eye(30, dtype=bool)]) < 0.35


def test_transform_precoding_dmrs_hops_over_groups_and_sequences():
    carrier, prbs = Carrier(n_prb=12, slot=4, cell_id=65), np.arange(12)
    plain_ones = dmrs_grid(carrier, prbs, (2, 11), (0,), Dmrs(additional_position=1), True).values
    assert (
        np.allclose(plain_ones[0, 0, 0::2], np.sqrt(2) * low_papr(65 % 30, 0, 72)) and not plain_ones[0, 0, 1::2].any()
    )
    group = dmrs_grid(carrier, prbs, (2, 11), (0,), Dmrs(additional_position=1, hopping="group"), True).values
    c = plain.gold_table(65 // 30, 8 * 14 * 20)
    for i, symbol in enumerate((2, 11)):
        place = 14 * 4 + symbol
        f_gh = sum(int(c[8 * place + m]) << m for m in range(8)) % 30
        assert np.allclose(group[0, i, 0::2], np.sqrt(2) * low_papr((f_gh + 65) % 30, 0, 72), atol=1e-6)
    sequence = dmrs_grid(carrier, prbs, (2, 11), (0,), Dmrs(additional_position=1, hopping="sequence"), True).values
    for i, symbol in enumerate((2, 11)):
        v = int(plain.gold_table(65, 14 * 20)[14 * 4 + symbol])
        assert np.allclose(sequence[0, i, 0::2], np.sqrt(2) * low_papr(5, v, 72), atol=1e-6)


def test_ptrs_places():
    assert ptrs_symbols(0, 14, (2, 11), 1) == (0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13)
    assert ptrs_symbols(0, 14, (2, 3, 10, 11), 2) == (0, 5, 7, 9, 13)
    assert ptrs_symbols(2, 12, (2,), 4) == (6, 10)
    assert ptrs_subcarriers(10, 3, 2, 1, Ptrs(1, 4, 1)).tolist() == [6 + 12, 6 + 60, 6 + 108]  # 3 mod (10 mod 4) = 1
    assert ptrs_subcarriers(8, 7, 1, 3, Ptrs(1, 4, 3)).tolist() == [11 + 36, 11 + 84]
    assert transform_ptrs_places(48, TransformPtrs(2, 2)).tolist() == [[11, 12], [35, 36]]
    assert transform_ptrs_places(48, TransformPtrs(2, 4)).tolist() == [[0, 1, 2, 3], [44, 45, 46, 47]]
    assert transform_ptrs_places(48, TransformPtrs(4, 2)).tolist() == [[5, 6], [17, 18], [29, 30], [41, 42]]
    assert transform_ptrs_places(48, TransformPtrs(4, 4))[:, 0].tolist() == [0, 16, 28, 44]
    assert transform_ptrs_places(96, TransformPtrs(8, 4))[:, 0].tolist() == [0, 16, 28, 40, 52, 64, 76, 92]


def test_transform_ptrs_values_are_the_formula():
    carrier, config = Carrier(slot=3, cell_id=9), TransformPtrs(4, 4, n_id=77)
    places = transform_ptrs_places(60, config)
    values = transform_ptrs_values(carrier, 5, places, 6, 4, config)
    c = plain.gold_table((2**17 * (14 * 3 + 5 + 1) * (2 * 77 + 1) + 2 * 77) % 2**31, 16)
    w = (1, 1, -1, -1)  # n_RNTI mod 4 = 2
    for s in range(4):
        for k in range(4):
            bit = 1 - 2 * int(c[4 * s + k])
            want = w[k] * 1j ** (places[s, k] % 2) * (bit + 1j * bit) / np.sqrt(2) * 3 / np.sqrt(5)
            assert np.isclose(values[s, k], want, atol=1e-6)


def test_common_phase_error_is_found_and_unbiased():
    rng = np.random.default_rng(3)
    pilots = np.exp(0.5j * np.pi * rng.integers(0, 4, (2000, 64)))
    noise = (rng.standard_normal(pilots.shape) + 1j * rng.standard_normal(pilots.shape)) * np.sqrt(0.05)
    phase = common_phase_error(pilots * np.exp(0.2j) + noise, pilots)
    # Cramer-Rao: variance of one phase from 64 pilots at 10 dB is 0.1 / (2 64)
    assert abs(phase.mean() - 0.2) < 5 * np.sqrt(0.1 / 128 / 2000)
    assert phase.var() == pytest.approx(0.1 / 128, rel=0.15)


def test_srs_bandwidths_nest_and_hopping_sounds_every_branch_once():
    for c in range(64):
        for b in range(3):
            assert srs_bandwidth(c, b)[0] == srs_bandwidth(c, b + 1)[0] * srs_bandwidth(c, b + 1)[1]
    for c_srs, b_srs in ((17, 2), (63, 2), (29, 3), (51, 3), (55, 1)):
        m0, m = srs_bandwidth(c_srs, 0)[0], srs_bandwidth(c_srs, b_srs)[0]
        starts = []
        for count in range(m0 // m):
            carrier = Carrier(n_prb=273, slot=count % 20, frame=count // 20)
            config = Srs(c_srs=c_srs, b_srs=b_srs, b_hop=0, period=1, position=5)
            starts.append(int(srs_signal(config, carrier).subcarriers[0, 0, 0]))
        assert sorted(starts) == [12 * m * i for i in range(m0 // m)]


def test_srs_without_hopping_is_the_formula():
    config = Srs(2, 2, 3, 2, 4, 3, 5, c_srs=20, b_srs=1, b_hop=1, position=7, shift=4, identity=100)
    carrier = Carrier(n_prb=106, first_crb=2, slot=1)
    found = srs_signal(config, carrier)
    m, n_b = 4, 19  # row 20: 76, 4 x 19, ..
    assert srs_bandwidth(20, 1) == (m, n_b) and found.symbols.tolist() == [10, 11]
    for port in range(2):
        k0 = 4 * 12 + 3 + (4 * 7 // 76 % 1) * 76 * 12 + (4 * 7 // m % n_b) * m * 12 - 2 * 12
        assert found.subcarriers[port, 0].tolist() == [k0 + 4 * k for k in range(12)]
        shift = (5 + 12 * port // 2) % 12
        base = base_sequence(100 % 30, 0, 12)
        want = base * np.exp(2j * np.pi * shift / 12 * np.arange(12)) / np.sqrt(2)
        assert np.allclose(found.values[port], want[None].repeat(2, 0), atol=1e-6)
    grid = srs_grid(config, carrier)
    assert np.isclose((np.abs(grid) ** 2).sum(), 2 * 12) and not grid[:, :10].any()


@pytest.mark.parametrize(("comb", "shift"), [(2, 1), (2, 5), (4, 2), (4, 8), (8, 1), (8, 4)])
def test_four_srs_ports_are_told_apart(comb, shift):
    config = Srs(4, comb=comb, cyclic_shift=shift, c_srs=7)
    grid = srs_grid(config, Carrier(n_prb=24)).reshape(4, -1)
    gram = grid @ grid.conj().T
    assert np.allclose(gram, gram[0, 0].real * np.eye(4), atol=1e-4)


def test_srs_group_hopping_and_period():
    carrier = Carrier(n_prb=52, slot=6, frame=2)
    config = Srs(c_srs=10, identity=44, sequence_hopping="group", period=40, period_offset=6)
    assert srs_signal(config, carrier).symbols.tolist() == [13]
    assert srs_signal(config, Carrier(n_prb=52, slot=7)).symbols.size == 0
    c = gold(44, 8, 8 * (14 * 6 + 13))
    f_gh = int(sum(int(b) << m for m, b in enumerate(c))) % 30
    assert np.allclose(srs_signal(config, carrier).values[0, 0], low_papr((f_gh + 44) % 30, 0, 216), atol=1e-6)


def test_allocations_decode_to_themselves_and_bundles_interleave():
    assert all(sliv_decoded(sliv(s, n)) == (s, n) for s in range(14) for n in range(1, 15 - s))
    assert len({sliv(s, n) for s in range(14) for n in range(1, 15 - s)}) == 105
    for size in (1, 24, 51, 273):
        every = [(s, n) for s in range(0, size, 5) for n in range(1, size - s + 1)]
        assert all(riv_decoded(riv(s, n, size), size) == (s, n) for s, n in every)
    for size, start, bundle in ((24, 0, 2), (51, 3, 4), (52, 1, 2), (273, 0, 4), (3, 1, 2)):
        to = vrb_to_prb(size, start, bundle)
        assert sorted(to.tolist()) == list(range(size))
    assert vrb_to_prb(11, 1, 4).tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]  # three bundles: 0 1 | 2 stays


def test_bad_input_is_refused_with_the_clause():
    cases = [
        (lambda: Dmrs(config_type=3), "config_type"),
        (lambda: Dmrs(length=2, additional_position=2), r"6\.4\.1\.1\.3-4"),
        (lambda: Dmrs(cdm_groups_without_data=3), r"6\.4\.1\.1\.3-1"),
        (lambda: Dmrs(ports=(0, 4)), "ports"),
        (lambda: Dmrs(ports=(2,), cdm_groups_without_data=1), r"CDM group 1.*6\.2\.2"),
        (lambda: Dmrs(ports=(0,)).checked_ports(2), "1 ports for 2 layers"),
        (lambda: dmrs_symbols("pusch", "A", 0, 3, Dmrs()), r"6\.4\.1\.1\.3"),
        (lambda: dmrs_symbols("pdsch", "B", 0, 14, Dmrs()), r"7\.4\.1\.1\.2"),
        (lambda: dmrs_symbols("pusch", "A", 0, 14, Dmrs(additional_position=3, type_a_position=3)), "type_a_position"),
        (lambda: Carrier(n_prb=276), r"4\.4\.2"),
        (lambda: Carrier(slot=20), r"4\.3\.2"),
        (lambda: Carrier(extended_cp=True), r"4\.2-1"),
        (lambda: Ptrs(time_density=3), r"7\.4\.1\.2\.2"),
        (lambda: TransformPtrs(8, 2), r"6\.4\.1\.2\.2\.2-1"),
        (lambda: transform_ptrs_places(12, TransformPtrs(8, 4)), "too few"),
        (lambda: ptrs_subcarriers(4, 0, 1, 4, Ptrs()), r"6\.4\.1\.2\.2\.1-1"),
        (lambda: Srs(comb=3), "comb"),
        (lambda: Srs(n_symbols=4, offset=2), r"6\.4\.1\.4\.1"),
        (lambda: srs_signal(Srs(c_srs=63), Carrier(n_prb=52)), r"6\.4\.1\.4\.3"),
        (lambda: base_sequence(0, 1, 36), "sequence number"),
        (lambda: base_sequence(0, 0, 7), "length 7"),
        (lambda: sliv(10, 5), "do not fit"),
        (lambda: sliv_decoded(196), "no allocation"),
        (lambda: riv(0, 0, 10), "do not fit"),
        (lambda: vrb_to_prb(10, 0, 3), r"7\.3\.1\.6"),
    ]
    for call, match in cases:
        with pytest.raises(ArgumentError, match=match):
            call()


def test_phase_is_followed_through_a_slot():
    from silla.physics.radio.link.pusch import PuschConfig, pusch_layout, pusch_transmit

    config = PuschConfig(Carrier(24), mcs_index=5, ptrs=Ptrs(2, 2), dmrs=Dmrs())
    found, rng = pusch_layout(config), np.random.default_rng(8)
    sent = pusch_transmit(config, rng.integers(0, 2, (3, config.tbs), dtype=np.uint8)).grid
    h = (rng.standard_normal((3, 4, 1, 288)) + 1j * rng.standard_normal((3, 4, 1, 288))) / np.sqrt(2)
    phase = 0.25 * (np.arange(14) - 2)  # 0 at the DM-RS symbol, up to 2.75 rad: turns over several pilots are unwrapped
    y = h * sent * np.exp(1j * phase)[:, None]
    y = y + 0.05 * (rng.standard_normal(y.shape) + 1j * rng.standard_normal(y.shape))
    measured = phase_by_symbol(y, h * found.pilots, found.ptrs, found.dmrs.symbols)
    inside = slice(0, 13)  # no pilot behind symbol 12
    assert measured.shape == (3, 14) and np.abs(measured - phase)[:, inside].max() < 0.06
    none = phase_by_symbol(y, h * found.pilots, np.zeros(0, np.int64), found.dmrs.symbols)
    assert none.shape == (3, 14) and not none.any()


@pytest.mark.oracle
@pytest.mark.parametrize(("cell", "index"), [(0, 0), (501, 3), (1007, 7)])
def test_broadcast_pilots_are_those_of_py3gpp(cell, index):
    pytest.importorskip("py3gpp")
    from py3gpp.nrPBCHDMRS import nrPBCHDMRS
    from py3gpp.nrPBCHDMRSIndices import nrPBCHDMRSIndices

    symbols, subcarriers, values = pbch_dmrs(cell, index)
    assert np.allclose(values, nrPBCHDMRS(cell, index), atol=1e-6)
    assert np.array_equal(240 * symbols + subcarriers, nrPBCHDMRSIndices(cell))


def test_control_pilots_are_the_formula():
    carrier = Carrier(24, 7, slot=9, cell_id=300)
    subcarriers, values = pdcch_dmrs(carrier, np.array([2, 3, 10]), 1, 555)
    c = plain.gold_table((2**17 * (14 * 9 + 1 + 1) * (2 * 555 + 1) + 2 * 555) % 2**31, 6 * 31)
    for i, prb in enumerate((2, 3, 10)):
        for k in range(3):
            assert subcarriers[3 * i + k] == 12 * prb + 4 * k + 1
            assert np.isclose(values[3 * i + k], plain.r_qpsk(c, 3 * (prb + 7) + k), atol=1e-6)
    with pytest.raises(ArgumentError, match="resource blocks"):
        pdcch_dmrs(carrier, np.array([24]), 0)
    with pytest.raises(ArgumentError, match="ssb_index"):
        pbch_dmrs(0, 8)
