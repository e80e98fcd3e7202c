"""Oracles: sionna's PUSCH transmitter (live, and as stored vectors), the scrambling and layer formulas of TS 38.211,
and what the receiver must give back on a clean and on a noisy channel."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.physics.radio.link import sionna_pusch

from silla.base.errors import ArgumentError, InputError
from silla.base.rng import stream
from silla.physics.radio.link.codebook import PANELS, pusch_precoder, type1_precoder
from silla.physics.radio.link.dmrs import Dmrs
from silla.physics.radio.link.grid import Carrier
from silla.physics.radio.link.layers import layers_of_codewords, precode
from silla.physics.radio.link.ofdm import Numerology, modulate, transform_deprecode
from silla.physics.radio.link.pdsch import PdschConfig, pdsch_layout, pdsch_llr, pdsch_receive, pdsch_transmit
from silla.physics.radio.link.ptrs import Ptrs, TransformPtrs
from silla.physics.radio.link.pusch import PuschConfig, pusch_layout, pusch_llr, pusch_receive, pusch_transmit
from silla.physics.radio.link.resource_mapping import gather, lbrm_size


def config_of(allocation: dict) -> PuschConfig:
    """A configuration from plain values; those of the carrier stand beside the others."""
    values = dict(allocation)
    carrier = Carrier(**{k: values.pop(k) for k in ("n_prb", "numerology", "slot", "cell_id") if k in values})
    return PuschConfig(carrier, dmrs=Dmrs(**values.pop("dmrs", {})), **values)


def drawn(rng, n_tables: int = 4) -> PuschConfig | None:
    """A random allocation, None where the draw is not allowed."""
    mapping = "AB"[rng.integers(2)]
    start = 0 if mapping == "A" else int(rng.integers(0, 12))
    layers, codebook = int(rng.integers(1, 5)), bool(rng.integers(2))
    ports = layers if not codebook else int(rng.choice([p for p in (2, 4) if p >= layers]))
    kind, length, numerology = int(rng.integers(1, 3)), int(rng.integers(1, 3)), int(rng.integers(0, 4))
    every = (4, 6)[kind - 1] * length
    table = ("qam64", "qam256", "qam64-low", "qam1024", "qam4096")[rng.integers(n_tables)]
    try:
        return PuschConfig(
            Carrier(int(rng.integers(1, 20)), 0, numerology, int(rng.integers(10 << numerology)), 0,
                    int(rng.integers(1008))),
            None, start, int(rng.integers(1, 15 - start)), mapping, layers, ports, codebook,
            int(rng.integers(0, 28)) if codebook else 0, table,
            int(rng.integers(0, 27)), n_rnti=int(rng.integers(65536)), n_id=int(rng.integers(1024)),
            dmrs=Dmrs(kind, length, int(rng.integers(4)), int(rng.integers(2, 4)),
                      tuple(int(p) for p in rng.choice(every, layers, replace=False)),
                      (int(rng.integers(65536)), int(rng.integers(65536))), int(rng.integers(2)),
                      int(rng.integers(1, 4))),
        )  # fmt: skip
    except ArgumentError:
        return None


def test_slots_are_the_stored_ones_of_sionna():
    for entry in json.loads(Path(__file__).with_name("golden").joinpath("pusch.json").read_text("utf-8")):
        config = config_of(entry["allocation"])
        assert config.tbs == entry["tbs"]
        bits = stream(entry["seed"], "golden", "pusch").integers(0, 2, config.tbs, dtype=np.uint8)
        want = np.array(entry["grid"]).reshape(2, *entry["shape"]) * 1e-4
        grid = pusch_transmit(config, bits).grid[0][:, config.start_symbol :][:, : config.n_symbols]
        assert np.abs(grid - (want[0] + 1j * want[1])).max() < 2e-4
        assert (np.abs(grid) > 1e-6).sum() == (np.abs(want[0] + 1j * want[1]) > 0).sum()


@pytest.mark.oracle
@pytest.mark.parametrize("count", [10, pytest.param(150, marks=pytest.mark.slow)])
def test_random_slots_are_those_of_sionna(count):
    pytest.importorskip("sionna.phy.nr")
    rng, done = stream(11, "link", "sionna-pusch", count), 0
    while done < count:
        config = drawn(rng)
        # Sionna has no 3 ports, cannot encode below 1/5 or above 0.95, and takes the base graph by the block's own rate
        # in place of the MCS's, against TS 38.212 clause 6.2.2.
        if config is None or config.n_ports == 3 or config.scheme.rate < 0.22 or config.n_coded > 40_000:
            continue
        own = (config.tbs + (24 if config.tbs > 3824 else 16)) / config.n_coded
        if own > 0.95 or any((own <= edge) != (config.scheme.rate <= edge) for edge in (0.25, 0.67)):
            continue
        theirs, tx = sionna_pusch.transmitter(config)
        assert (theirs.tb_size, theirs.num_coded_bits) == (config.tbs, config.n_coded)
        bits = rng.integers(0, 2, config.tbs, dtype=np.uint8)
        mine = pusch_transmit(config, bits).grid[0][:, config.start_symbol :][:, : config.n_symbols]
        assert np.abs(sionna_pusch.grid(tx, bits) - mine).max() < 1e-4
        done += 1


@pytest.mark.oracle
def test_precoders_are_those_of_sionna():
    nr = pytest.importorskip("sionna.phy.nr")
    for ports, layers, count in ((2, 1, 6), (4, 1, 28), (2, 2, 3), (4, 2, 22), (4, 3, 7), (4, 4, 5)):
        for tpmi in range(count):
            theirs = nr.PUSCHConfig(precoding="codebook", num_antenna_ports=ports, num_layers=layers, tpmi=tpmi)
            assert np.allclose(theirs.precoding_matrix, pusch_precoder(ports, layers, tpmi))
        with pytest.raises(ArgumentError, match=f"0 to {count - 1}"):
            pusch_precoder(ports, layers, count)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31))
def test_what_is_sent_is_received_over_a_clean_channel(seed):
    rng = np.random.default_rng(seed)
    config = next(c for c in iter(lambda: drawn(rng, 5), 0) if c is not None)
    bits = rng.integers(0, 2, (2, config.tbs), dtype=np.uint8)
    sent = pusch_transmit(config, bits)
    grid = sent.layers + 3e-4 * rng.standard_normal(sent.layers.shape)
    answer = pusch_receive(config, gather(grid, pusch_layout(config)), 2e-4)
    assert answer.ok.all() and (answer.bits == bits).all()


def test_power_and_places():
    config = PuschConfig(Carrier(24, slot=7), prbs=tuple(range(3, 13)), n_layers=2, n_ports=4, codebook=True, tpmi=14,
                         mcs_table="qam256", mcs_index=15, dmrs=Dmrs(additional_position=1))  # fmt: skip
    sent = pusch_transmit(config, stream(3, "x").integers(0, 2, config.tbs, dtype=np.uint8))
    found = pusch_layout(config)
    assert len(found.data) == 10 * 12 * 12 and len(set(found.data)) == len(found.data)
    assert not sent.grid[..., : 12 * 3].any() and not sent.grid[..., 12 * 13 :].any()
    # Both DM-RS ports share CDM group 0, so their power 2 x 2 lies on half of the subcarriers.
    assert np.isclose((np.abs(sent.layers[0][:, [2, 11]]) ** 2).sum(), 2 * 2 * 2 * 60, rtol=1e-5)
    per_symbol = (np.abs(sent.grid[0]) ** 2).sum(axis=(0, 2)) / 120
    assert np.allclose(per_symbol[[0, 1, 5]], 1.0, atol=0.35)  # W has power 1
    order = np.unravel_index(found.data, (14, 288))
    assert (np.diff(order[0]) >= 0).all()  # symbols last
    assert np.allclose(sent.layers[0, 1].reshape(-1)[found.data], sent.symbols[0, 1::2])


def test_incremental_redundancy_recovers_what_one_transmission_cannot():
    config = PuschConfig(Carrier(20), mcs_index=16)
    rng = stream(5, "link", "harq")
    bits = rng.integers(0, 2, (8, config.tbs), dtype=np.uint8)
    noise, buffer, ok = 0.16, None, []
    for rv in (0, 2, 3):
        sent = gather(pusch_transmit(config, bits, rv=rv).layers, pusch_layout(config))
        y = sent + (rng.standard_normal(sent.shape) + 1j * rng.standard_normal(sent.shape)) * np.sqrt(noise / 2)
        answer = pusch_receive(config, y, noise, rv=rv, buffer=buffer)
        buffer = answer.buffer
        ok.append(int(answer.ok.sum()))
    assert ok[0] == 0 and ok[-1] == 8 and (answer.bits == bits).all()


@pytest.mark.parametrize("ptrs", [None, TransformPtrs(2, 2), TransformPtrs(8, 4, 2), TransformPtrs(4, 4, n_id=5)])
@pytest.mark.parametrize(("table", "index", "pi2"), [("qam64", 0, True), ("qam64", 14, False), ("qam256", 20, False)])
def test_transform_precoding_spreads_each_symbol_and_comes_back(ptrs, table, index, pi2):
    config = PuschConfig(Carrier(30, slot=2), prbs=tuple(range(4, 24)), mcs_table=table, mcs_index=index, ptrs=ptrs,
                         transform_precoding=True, pi2_bpsk=pi2, dmrs=Dmrs(additional_position=1))  # fmt: skip
    rng = stream(6, "link", "dfts")
    bits = rng.integers(0, 2, (3, config.tbs), dtype=np.uint8)
    sent = pusch_transmit(config, bits)
    grid = sent.grid[:, 0, :, 48:288]
    assert np.allclose(np.abs(grid[:, [2, 11]])[..., 0::2], np.sqrt(2), atol=1e-5) and not grid[:, [2, 11], 1::2].any()
    samples = transform_deprecode(grid[:, 5])
    if ptrs is None:
        assert np.allclose(samples, sent.symbols[:, 4 * 240 : 5 * 240], atol=1e-5)
        # The clause's sum, index by index
        m = np.arange(240)
        y7 = sum(samples[0, i] * np.exp(-2j * np.pi * i * m / 240) for i in range(240)) / np.sqrt(240)
        assert np.allclose(y7, grid[0, 5], atol=1e-4)
    else:
        rows = 12 if ptrs.time_density == 1 else 6
        assert config.n_symbols_per_layer == 12 * 240 - rows * ptrs.groups * ptrs.samples
    layers = sent.layers + 1e-2 * rng.standard_normal(sent.layers.shape)
    answer = pusch_receive(config, gather(layers, pusch_layout(config)), 1e-4)
    assert answer.ok.all() and (answer.bits == bits).all()


def test_spreading_lowers_the_peaks_of_the_waveform():
    """Power exceeded by 1 sample in 1000: about 7.5 dB above the mean with OFDM, 1 to 4 dB less after spreading."""
    level = {}
    for name, options in (
        ("ofdm", (5, False, False)),
        ("qpsk", (5, True, False)),
        ("pi2", (0, True, True)),
    ):
        index, spread, pi2 = options
        config = PuschConfig(
            Carrier(50), tuple(range(10, 40)), mcs_index=index, transform_precoding=spread, pi2_bpsk=pi2
        )
        bits = stream(2, "link", "papr").integers(0, 2, (20, config.tbs), dtype=np.uint8)
        wave = modulate(pusch_transmit(config, bits).grid, Numerology(1, 50, n_fft=2048))
        power = np.abs(wave[..., : 2 * 2048]) ** 2
        level[name] = 10 * np.log10(np.quantile(power, 0.999) / power.mean())
    assert 7.0 < level["ofdm"] < 9.0 and level["qpsk"] < level["ofdm"] - 1.5 and level["pi2"] < level["qpsk"] - 0.5


def test_log_map_and_max_log_agree_where_noise_is_low():
    config = PuschConfig(Carrier(4), mcs_index=12)
    sent = pusch_transmit(config, np.ones(config.tbs, np.uint8))
    data = gather(sent.layers, pusch_layout(config))
    exact, near = pusch_llr(config, data, 0.05, method="log-map"), pusch_llr(config, data, 0.05)
    assert exact.dtype == np.float32 and near.dtype == np.int8
    assert np.abs(np.clip(4 * exact, -127, 127) - near).max() <= 1.0
    assert ((exact < 0) == sent.coded).all()


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 8), st.integers(0, 2**31), st.sampled_from([None, 2, 4]), st.booleans())
def test_pdsch_comes_back_over_a_mixing_channel(n_layers, seed, bundle, with_ptrs):
    rng = np.random.default_rng(seed)
    first = int(rng.integers(0, 10))
    vrbs = tuple(sorted(int(v) for v in rng.choice(20, int(rng.integers(2, 20)), replace=False)))
    config = PdschConfig(
        Carrier(20, first, 1, int(rng.integers(20))), vrbs, bundle, int(rng.integers(0, 3)), 11, n_layers=n_layers,
        mcs_table="qam256", mcs_index=tuple(int(i) for i in rng.integers(0, 26, len(layers_of_codewords(n_layers)))),
        dmrs=Dmrs(1, 2, int(rng.integers(2))), ptrs=Ptrs(2, 4, 1) if with_ptrs else None,
    )  # fmt: skip
    bits = [rng.integers(0, 2, (2, t), dtype=np.uint8) for t in config.tbs]
    w = np.linalg.qr(rng.standard_normal((8, n_layers)) + 1j * rng.standard_normal((8, n_layers)))[0]
    sent = pdsch_transmit(config, bits, precoder=w)
    back = precode(sent.grid, w.conj().T)
    assert np.allclose(back, sent.layers, atol=1e-4)
    answers = pdsch_receive(config, gather(back, pdsch_layout(config)), 1e-3)
    for answer, block in zip(answers, bits):
        assert answer.ok.all() and (answer.bits == block).all()


@pytest.mark.oracle
def test_pdsch_symbols_are_those_of_py3gpp():
    theirs = pytest.importorskip("py3gpp.nrPDSCH")
    for index, name in ((4, "QPSK"), (14, "16QAM"), (25, "64QAM")):
        config = PdschConfig(Carrier(6, cell_id=99), n_rnti=1234, mcs_index=(index,))
        sent = pdsch_transmit(config, stream(1, "y").integers(0, 2, config.tbs[0], dtype=np.uint8))
        want = theirs.nrPDSCH([sent.coded[0][0].astype(int)], [name], 1, 99, 1234)
        assert np.allclose(sent.symbols[0][0], np.asarray(want).ravel(), atol=1e-6)


def test_virtual_blocks_fill_in_their_own_order():
    config = PdschConfig(Carrier(10), (0, 1, 2, 3), 2, mcs_index=(5,))
    first = pdsch_layout(config).data[: 4 * 12]
    assert (first // 12).tolist() == np.repeat([0, 1, 4, 5], 12).tolist()
    sent = pdsch_transmit(config, np.zeros(config.tbs[0], np.uint8))
    used = np.flatnonzero(sent.grid[0, 0].any(axis=0)) // 12
    assert set(used.tolist()) == {0, 1, 4, 5}


def test_one_precoder_for_each_resource_block():
    rng = stream(9, "link", "prg")
    layers = (rng.standard_normal((2, 3, 14, 48)) + 1j * rng.standard_normal((2, 3, 14, 48))).astype(np.complex64)
    w = rng.standard_normal((4, 5, 3)) + 1j * rng.standard_normal((4, 5, 3))
    out = precode(layers, w)
    for b in range(4):
        part = slice(12 * b, 12 * b + 12)
        assert np.allclose(out[..., part], precode(layers[..., part], w[b]), atol=1e-4)
    with pytest.raises(ArgumentError, match="precoding matri"):
        precode(layers, w[:3])
    with pytest.raises(ArgumentError, match="expected"):
        precode(layers, w[0, :, :2])


def test_type_1_codebook_is_orthogonal_everywhere():
    n = 0
    for ports, panels in PANELS.items():
        for (n1, n2), (o1, o2) in panels.items():
            for layers in range(1, 9):
                for i13 in range(4):
                    for i11, i12, i2 in ((0, 0, 0), (o1 // 2 + 1, 0, 1), (1, n2 * o2 - 1 if n2 > 1 else 0, 1)):
                        try:
                            w = type1_precoder(ports, layers, i2, panel=(n1, n2), i11=i11, i12=i12, i13=i13)
                        except ArgumentError as refused:
                            assert re.search("i13|too few|i1[12] is|allowed: 1 to 4", str(refused))
                            continue
                        assert np.allclose(w.conj().T @ w, np.eye(layers) / layers)
                        assert np.allclose(np.abs(w), 1 / np.sqrt(ports * layers))
                        n += 1
    assert n > 300
    # Rank 1 points a beam: the DFT vector of u = 2 l / (O1 N1) half wavelengths, both polarisations in phase
    w = type1_precoder(16, 1, 0, panel=(8, 1), i11=5)[:, 0]
    want = np.exp(2j * np.pi * 5 * np.arange(8) / 32)
    assert np.allclose(w * 4, np.concatenate([want, want]))
    assert np.allclose(type1_precoder(2, 2, 1) * 2, [[1, 1], [1j, -1j]])


@pytest.mark.parametrize(
    ("layers", "beams", "turns"),
    [
        (5, "00112", "pP+-+"),
        (6, "001122", "pPpP+-"),
        (7, "0012233", "pPp+-+-"),
        (8, "00112233", "pPpP+-+-"),
    ],
)
@pytest.mark.parametrize("panel", [(4, 1), (2, 2), (6, 1), (4, 2), (4, 4)])
def test_type_1_codebook_of_many_layers_column_by_column(layers, beams, turns, panel):
    """TS 38.214 Tables 5.2.2.2.1-9 to -12, every entry from its exponent: beam, polarisation, antenna."""
    n1, n2 = panel
    o2 = 1 if n2 == 1 else 4
    if n2 == 1:
        steps = [(0, 0), (4, 0), (8, 0), (12, 0)]
    else:
        steps = [(0, 0), (4, 0), (4, o2)] if layers < 7 else [(0, 0), (4, 0), (0, o2), (4, o2)]
    i11, i12 = 3, 0 if n2 == 1 else 2
    for i2, p in ((0, 1), (1, 1j)):
        w = type1_precoder(2 * n1 * n2, layers, i2, panel=panel, i11=i11, i12=i12)
        for column, (beam, turn) in enumerate(zip(beams, turns, strict=True)):
            k1, k2 = steps[int(beam)]
            factor = {"p": p, "P": -p, "+": 1, "-": -1}[turn]
            for port in range(2 * n1 * n2):
                a, b = divmod(port % (n1 * n2), n2)
                angle = (i11 + k1) * a / (4 * n1) + (i12 + k2) * b / (o2 * n2)
                want = np.exp(2j * np.pi * angle) * (factor if port >= n1 * n2 else 1) / np.sqrt(2 * n1 * n2 * layers)
                assert w[port, column] == pytest.approx(want)


@pytest.mark.parametrize(
    ("ports", "layers", "panel", "extra", "said"),
    [
        (4, 5, (2, 1), {}, "allowed: 1 to 4"),
        (8, 9, (4, 1), {}, "allowed: 1 to 8"),
        (12, 7, (3, 2), {"i12": 4}, "i12"),
        (8, 7, (4, 1), {"i11": 8}, "i11"),
        (8, 8, (2, 2), {"i13": 1}, "i13"),
        (8, 5, (4, 1), {"i2": 2}, "i2"),
        (2, 3, None, {}, "allowed: 1 to 2"),
    ],
)
def test_type_1_codebook_refuses_what_its_tables_lack(ports, layers, panel, extra, said):
    with pytest.raises(ArgumentError, match=said):
        type1_precoder(ports, layers, extra.pop("i2", 0), panel=panel, **extra)
    assert type1_precoder(8, 7, 0, panel=(4, 1), i11=7).shape == (8, 7)


def test_limited_buffer_takes_the_largest_block_of_the_band():
    assert lbrm_size(Carrier(273), "qam256", 8) == lbrm_size(Carrier(275), "qam256", 4) == 1277992
    assert lbrm_size(Carrier(50), "qam64", 1) == lbrm_size(Carrier(66), "qam64", 1)
    limited = PdschConfig(Carrier(40), max_layers=1, mcs_index=(20,), n_layers=4, dmrs=Dmrs())
    free = PdschConfig(Carrier(40), limited_buffer=False, mcs_index=(20,), n_layers=4)
    bits = stream(4, "z").integers(0, 2, limited.tbs[0], dtype=np.uint8)
    a, b = (pdsch_transmit(c, bits, rv=2).coded[0] for c in (limited, free))
    assert (a != b).any()
    assert all((pdsch_transmit(c, bits).coded[0] == free_bits).all()
               for c, free_bits in ((free, pdsch_transmit(free, bits).coded[0]),))  # fmt: skip


def test_ptrs_takes_its_places_from_data_and_repeats_the_first_pilots():
    base = {"carrier": Carrier(8, cell_id=3), "n_layers": 2, "n_ports": 2, "mcs_index": 10, "n_rnti": 3}
    without, with_it = (PuschConfig(**base, ptrs=p) for p in (None, Ptrs(2, 4, 2, (1,))))
    a, b = pusch_layout(without), pusch_layout(with_it)
    assert len(a.data) - len(b.data) == len(b.ptrs) == 2 * 6 and with_it.tbs == without.tbs
    assert set(a.data) == set(b.data) | set(b.ptrs)
    symbol, subcarrier = np.unravel_index(b.ptrs, (14, 96))
    assert set(subcarrier.tolist()) == {3 * 12 + 8, 7 * 12 + 8}  # k_ref^RB = 3 mod 4, k_ref^RE = 8: port 1, offset 10
    want = b.pilots[1, 2, subcarrier] / np.sqrt(2) * np.where((subcarrier // 2) % 2, -1, 1)  # without beta and w_f
    assert np.allclose(b.pilots[1].reshape(-1)[b.ptrs], want, atol=1e-6)
    assert not b.pilots[0].reshape(-1)[b.ptrs].any() and set(symbol.tolist()) == {0, 4, 6, 8, 10, 12}


def test_impossible_allocations_are_refused_with_the_clause():
    small = Carrier(10)
    cases = [
        (lambda: PuschConfig(small, n_layers=2, n_ports=1), r"2 layers on 1 antenna ports.*6\.3\.1\.5"),
        (lambda: PuschConfig(small, n_layers=1, n_ports=2), r"6\.1\.1\.2"),
        (lambda: PuschConfig(small, n_layers=5, n_ports=5), "5 layers"),
        (lambda: PuschConfig(small, n_layers=2, n_ports=2, codebook=True, tpmi=3), "TPMI 3"),
        (lambda: PuschConfig(small, mcs_index=29), "reserved"),
        (lambda: PuschConfig(small, mcs_table="qam512"), "not known"),
        (lambda: PuschConfig(small, prbs=(0, 10)), r"5\.1\.2\.2"),
        (lambda: PuschConfig(small, prbs=()), "no resource block"),
        (lambda: PuschConfig(small, prbs=(3, 2)), "increase"),
        (lambda: PuschConfig(small, start_symbol=1, n_symbols=13), r"6\.1\.2\.1-1"),
        (lambda: PuschConfig(small, n_symbols=3), r"6\.1\.2\.1-1"),
        (lambda: PuschConfig(small, mapping_type="B", start_symbol=10, n_symbols=5), r"6\.1\.2\.1-1"),
        (lambda: PuschConfig(small, mapping_type="B", n_symbols=1), "nothing is left"),
        (lambda: PuschConfig(small, transform_precoding=True, n_layers=2, n_ports=2), r"2 layers.*6\.3\.1\.4"),
        (lambda: PuschConfig(Carrier(7), transform_precoding=True), r"2\^a 3\^b 5\^c"),
        (lambda: PuschConfig(small, prbs=(0, 2), transform_precoding=True), "contiguous"),
        (lambda: PuschConfig(small, transform_precoding=True, dmrs=Dmrs(2)), "configuration type 1"),
        (lambda: PuschConfig(small, transform_precoding=True, ptrs=Ptrs()), "TransformPtrs"),
        (lambda: PuschConfig(small, ptrs=TransformPtrs()), "transform precoding"),
        (lambda: PuschConfig(small, ptrs=Ptrs(ports=(1,))), "none of the channel's"),
        (lambda: PuschConfig(small, pi2_bpsk=True), "pi/2-BPSK"),
        (lambda: PuschConfig(small, n_id=1024), "n_ID"),
        (lambda: PuschConfig(small, n_layers=4, n_ports=4, dmrs=Dmrs(cdm_groups_without_data=1)), "CDM group"),
        # 128 bits and 16 of CRC in 144
        (lambda: PdschConfig(Carrier(1), n_symbols=3, mcs_index=(28,)), r"code rate of 1\.000.*5\.1\.3"),
        (lambda: PdschConfig(small, n_layers=9), r"7\.3\.1\.3-1"),
        (lambda: PdschConfig(small, n_layers=4, mcs_index=(1, 2)), "2 MCS indices"),
        (lambda: PdschConfig(small, n_layers=6), "ports"),
        (lambda: PdschConfig(small, start_symbol=3, n_symbols=11), r"5\.1\.2\.1-1"),
        (lambda: PdschConfig(small, vrb_bundle=3), r"7\.3\.1\.6"),
        (lambda: type1_precoder(6, 1, 0), r"5\.2\.2\.2\.1-2"),
        (lambda: type1_precoder(4, 5, 0), "5 layers"),
    ]  # fmt: skip
    for call, match in cases:
        with pytest.raises(InputError, match=match):
            call()


def test_data_of_another_shape_is_refused():
    config = PuschConfig(Carrier(4))
    with pytest.raises(ArgumentError, match=f"carries {config.tbs}"):
        pusch_transmit(config, np.zeros(config.tbs + 8, np.uint8))
    with pytest.raises(ArgumentError, match="expected"):
        pusch_receive(config, np.zeros((1, 1, 5)), 0.1)
    with pytest.raises(ArgumentError, match="not finite"):
        pusch_receive(config, np.full((1, 1, len(pusch_layout(config).data)), np.nan), 0.1)
    down = PdschConfig(Carrier(4), n_layers=5, dmrs=Dmrs(length=2))
    with pytest.raises(ArgumentError, match="2 code words"):
        pdsch_transmit(down, np.zeros(down.tbs[0], np.uint8))
    with pytest.raises(ArgumentError, match="expected"):
        pdsch_llr(down, np.zeros((1, 4, 5)), 0.1)
    with pytest.raises(ArgumentError, match="grid"):
        gather(np.zeros((12, 48)), pusch_layout(config))
