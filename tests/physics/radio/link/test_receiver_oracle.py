"""Oracle: sionna's PUSCH receiver on the same received grids: nearly the same slots are lost."""

from __future__ import annotations

import numpy as np
import pytest

from silla.physics.radio.link import simulate as sim
from silla.physics.radio.link.grid import Carrier
from silla.physics.radio.link.pusch import PuschConfig, pusch_receive, pusch_transmit
from silla.physics.radio.link.resource_mapping import gather

N_SLOTS = 64


@pytest.mark.oracle
@pytest.mark.slow
@pytest.mark.parametrize("estimation, snr_db", [("perfect", 1.5), ("ls", 3.0)])
def test_the_same_slots_are_lost(estimation, snr_db):
    torch = pytest.importorskip("torch")
    nr = pytest.importorskip("sionna.phy.nr")
    from sionna.phy import config as settings
    from sionna.phy.channel import OFDMChannel
    from sionna.phy.channel.tr38901 import TDL

    settings.seed = 5
    theirs = nr.PUSCHConfig()
    theirs.carrier.subcarrier_spacing, theirs.carrier.n_size_grid, theirs.carrier.n_cell_id = 30, 24, 1
    theirs.tb.mcs_table, theirs.tb.mcs_index, theirs.n_rnti = 1, 14, 1
    sender = nr.PUSCHTransmitter(theirs)
    receiver = nr.PUSCHReceiver(
        sender, tb_decoder=nr.TBDecoder(sender._tb_encoder, num_bp_iter=20), return_tb_crc_status=True,
        channel_estimator="perfect" if estimation == "perfect" else None,
    )  # fmt: skip
    channel = OFDMChannel(
        TDL("A", 100e-9, 3.5e9, min_speed=4.3, num_rx_ant=4), sender.resource_grid, return_channel=True
    )
    n0 = 10 ** (-snr_db / 10)
    x, bits = sender(N_SLOTS)
    y, h = channel(x, torch.tensor(n0))
    _, ok = receiver(y, torch.tensor(n0), h) if estimation == "perfect" else receiver(y, torch.tensor(n0))
    their_lost = ~ok.numpy().astype(bool).ravel()

    user = PuschConfig(Carrier(n_prb=24, cell_id=1), mcs_index=14, n_rnti=1)
    sent = bits.numpy()[:, 0].astype(np.uint8)
    assert np.allclose(pusch_transmit(user, sent).grid, x.numpy()[:, 0], atol=1e-5)
    link = sim.LinkConfig((user,), sim.LinkChannel("tdl", "A", delay_spread_s=100e-9), estimation=estimation)
    grid, true = y.numpy()[:, 0], h.numpy()[:, 0, :, 0]
    found, _ = sim._received(link, grid, true, np.zeros((N_SLOTS, 1, 1, 1)), n0)
    layout = sim._layout(user)
    got = pusch_receive(user, gather(found.symbols, layout), gather(found.noise_variance, layout), max_iterations=20)
    lost = ~got.ok
    assert 5 < int(their_lost.sum()) < N_SLOTS - 5
    assert int((lost & ~their_lost).sum()) <= 3
    if estimation == "perfect":  # the decoders alone differ; by least squares silla's interpolation hears less noise
        assert int((their_lost & ~lost).sum()) <= 6
    assert (got.bits[got.ok] == sent[got.ok]).all()
