"""PUSCH slots by the sionna wheel for an allocation in silla's terms."""

from __future__ import annotations

import numpy as np

from silla.physics.radio.link.pusch import PuschConfig

TABLES = {"qam64": 1, "qam256": 2, "qam64-low": 3, "qam1024": 4}


def transmitter(config: PuschConfig):
    """sionna's PUSCHTransmitter for the configuration; ValueError where sionna does not allow it."""
    from sionna.phy import nr

    d, carrier = config.dmrs, config.carrier
    theirs = nr.PUSCHConfig(
        carrier_config=nr.CarrierConfig(
            n_size_grid=carrier.n_prb, subcarrier_spacing=15 << carrier.numerology, slot_number=carrier.slot,
            n_cell_id=carrier.cell_id,
        ),
        pusch_dmrs_config=nr.PUSCHDMRSConfig(
            config_type=d.config_type, length=d.length, additional_position=d.additional_position,
            type_a_position=d.type_a_position, num_cdm_groups_without_data=d.cdm_groups_without_data,
            n_id=None if d.n_id is None else list(d.n_id), n_scid=d.n_scid,
            dmrs_port_set=list(d.checked_ports(config.n_layers)),
        ),
        tb_config=nr.TBConfig(
            mcs_table=TABLES[config.mcs_table], mcs_index=config.mcs_index, n_id=config.scrambling_id,
            channel_type="PUSCH",
        ),
        n_rnti=config.n_rnti, num_layers=config.n_layers, num_antenna_ports=config.n_ports,
        mapping_type=config.mapping_type, symbol_allocation=[config.start_symbol, config.n_symbols],
        precoding="codebook" if config.codebook else "non-codebook", tpmi=config.tpmi,
    )  # fmt: skip
    return theirs, nr.PUSCHTransmitter(theirs, return_bits=False)


def grid(tx, bits: np.ndarray) -> np.ndarray:
    """[ports, symbols of the allocation, subcarriers]."""
    import torch

    return tx(torch.tensor(bits[None, None].astype(np.float32))).cpu().numpy()[0, 0]
