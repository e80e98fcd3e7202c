"""Slots sent by sionna over its own TDL channel, received by both. Needs the sionna wheel."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from silla.physics.radio.link import detection as det
from silla.physics.radio.link import simulate as sim
from silla.physics.radio.link.grid import Carrier
from silla.physics.radio.link.pusch import PuschConfig, pusch_layout, pusch_receive
from silla.physics.radio.link.resource_mapping import gather

N_PRB, MCS, N_RX, DELAY_SPREAD_S, SPEED_M_PER_S = 12, 14, 4, 100e-9, 4.3


class Lost(NamedTuple):
    """Which slots silla and sionna lost, bool [n_slots] each."""

    silla: np.ndarray
    sionna: np.ndarray


def sent_and_received(kind: str, profile: str, snr_db: float, n_slots: int, seed: int = 1) -> Lost:
    """kind : who knows the channel. "perfect": both; "shared": sionna's least-squares estimate in both receivers;
    "own": each by its own least squares and linear interpolation.

    sionna decodes by offset min-sum in 40 flooding iterations, silla by 20 layered ones: as good as converged.
    """
    import torch
    from sionna.phy import config as settings
    from sionna.phy import nr
    from sionna.phy.channel import OFDMChannel
    from sionna.phy.channel.tr38901 import TDL

    settings.seed = seed
    torch.set_num_threads(1)
    theirs = nr.PUSCHConfig()
    theirs.carrier.subcarrier_spacing, theirs.carrier.n_size_grid, theirs.carrier.n_cell_id = 30, N_PRB, 1
    theirs.tb.mcs_table, theirs.tb.mcs_index, theirs.n_rnti = 1, MCS, 1
    sender = nr.PUSCHTransmitter(theirs)
    decoder = nr.TBDecoder(sender._tb_encoder, num_bp_iter=40, cn_update="offset-minsum")
    receiver = nr.PUSCHReceiver(
        sender, tb_decoder=decoder, return_tb_crc_status=True,
        channel_estimator="perfect" if kind == "perfect" else None,
    )  # fmt: skip
    tdl = TDL(profile, DELAY_SPREAD_S, 3.5e9, min_speed=SPEED_M_PER_S, num_rx_ant=N_RX)
    channel = OFDMChannel(tdl, sender.resource_grid, return_channel=True)
    user = PuschConfig(Carrier(n_prb=N_PRB, cell_id=1), mcs_index=MCS, n_rnti=1)
    n0 = 10.0 ** (-snr_db / 10.0)
    noise, mine, other = torch.tensor(n0), [], []
    for first in range(0, n_slots, 30):
        x, bits = sender(min(30, n_slots - first))
        y, h = channel(x, noise)
        got, ok = receiver(y, noise, h) if kind == "perfect" else receiver(y, noise)
        other.append(~ok.numpy().astype(bool).ravel() | (got != bits).numpy().reshape(len(bits), -1).any(axis=1))
        y, response = y.numpy()[:, 0], h.numpy()[:, 0, :, 0]
        if kind == "own":
            link = sim.LinkConfig(
                (user,), sim.LinkChannel("tdl", profile, delay_spread_s=DELAY_SPREAD_S), estimation="ls"
            )
            found, _ = sim._received(link, y, response, np.zeros((len(y), 1, 1, 1)), n0)
        else:
            error = np.zeros((1, 1, 1))
            if kind == "shared":
                estimator: Any = receiver._channel_estimator
                estimate, variance = estimator(torch.tensor(y[:, None]), noise)
                response, error = estimate.numpy()[:, 0, :, 0], variance.numpy()[0, 0, 0, 0]
            found = det.lmmse(y, response, np.asarray((n0 + error.sum(axis=0))[None], np.float32))
        mine.append(_lost(user, found, bits.numpy()[:, 0].astype(np.uint8)))
    return Lost(np.concatenate(mine), np.concatenate(other))


def _lost(user: PuschConfig, found: Any, sent: np.ndarray) -> np.ndarray:
    layout = pusch_layout(user)
    got = pusch_receive(user, gather(found.symbols, layout), gather(found.noise_variance, layout), max_iterations=20)
    return ~got.ok | (got.bits != sent).any(axis=1)
