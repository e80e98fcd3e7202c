"""Oracle: published results of K-best detection with perfect channel knowledge (SOURCE.md)."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from silla.physics.radio.link.dmrs import Dmrs
from silla.physics.radio.link.grid import Carrier
from silla.physics.radio.link.pusch import PuschConfig
from silla.physics.radio.link.simulate import LinkChannel, LinkConfig, simulate_slots

TOLERANCE_DB, ES_OVER_EB_DB = 0.6, 2.315
ROWS = list(csv.DictReader((Path(__file__).parent / "reference.csv").read_text().splitlines()))


def bler(n_users: int, eb_n0_db: float, n_slots: int) -> float:
    users = tuple(
        PuschConfig(Carrier(n_prb=132), mcs_index=14, dmrs=Dmrs(additional_position=1, ports=(port,)), n_rnti=port + 1)
        for port in (0, 2)[:n_users]
    )
    channel = LinkChannel("tdl", "B100", doppler_hz=400.0) if n_users == 1 else LinkChannel("double-tdl")
    config = LinkConfig(users, channel, estimation="perfect", receiver="k-best", max_iterations=20)
    snr_db = eb_n0_db + ES_OVER_EB_DB + 10 * np.log10(n_users)
    return simulate_slots(config, snr_db, n_slots, np.random.default_rng(7)).bler


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['users']} users")
def test_ten_percent_are_lost_near_the_published_point(row):
    n_users, published = int(row["users"]), float(row["eb_n0_db_at_bler_0_1"])
    n_slots = 200 // n_users
    assert bler(n_users, published - TOLERANCE_DB, n_slots) > 0.1
    assert bler(n_users, published + TOLERANCE_DB, n_slots) < 0.1
