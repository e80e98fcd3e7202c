"""GPU pools, power, energy. Oracles: the leaf called by hand, sums, the PUE's definition, limits of the formulas."""

from __future__ import annotations

import numpy as np
import pytest
from tests.engine.scenarios import CITY, world_of, worlds_of

from silla.engine.day import combine_day
from silla.engine.metrics import day_metrics
from silla.engine.pools import pool_day
from silla.engine.power import cell_power_w, quantum_power_w
from silla.engine.tasks import Task, group_factors, run_task
from silla.physics.compute.cell_power import PowerAnchor, mean_relative_power, watts_per_unit
from silla.physics.compute.gpu import Gpu, LanguageModel
from silla.physics.compute.pool import Requests, serve
from silla.physics.compute.ran_load import pool_ran_demand

EPOCHS_S = np.arange(24) * 3600.0 + 1800.0
GPU_FIELDS = ("peak_flop_per_s", "bandwidth_byte_per_s", "memory_byte", "idle_w", "tdp_w", "mfu_prefill", "mfu_decode")
MODEL_FIELDS = ("n_parameters", "n_layers", "n_kv_heads", "head_dim", "hidden", "byte_per_parameter", "byte_per_kv")
TWO_MODELS = (
    "pools[edge].serves=[{model: llama-3.1-8b, requests_per_s: 2, profile: office-day}, "
    "{model: exaone-3.5-7.8b, requests_per_s: 1}]"
)


def pool_of(*overrides, variant="shared", load=0.3):
    world = worlds_of(CITY, *overrides)[variant]
    return world, pool_day(world, np.full((1, 24, len(world.cells.id)), load), EPOCHS_S)


def parts(world, row=0):
    gpu = Gpu(**{n: world.pools.gpu[0][n] for n in GPU_FIELDS})
    return gpu, LanguageModel(**{n: world.serves.model[row][n] for n in MODEL_FIELDS})


def ran_demand(world, load):
    c = world.carriers
    layers = c.layers[world.cells.carrier].astype(float)
    mean, variance = pool_ran_demand(
        np.full(len(layers), load), c.bandwidth_hz[world.cells.carrier], layers, layers, np.zeros(len(layers), int), 1,
        peak_cells_per_gpu=world.pools.gpu[0]["peak_cells"],
    )  # fmt: skip
    return float(mean[0]), float(variance[0])


def test_a_shared_pool_with_one_model_is_the_leaf_called_by_hand():
    world, got = pool_of()
    mean, variance = ran_demand(world, 0.3)
    gpu, model = parts(world)
    hand = serve(2.0, gpu, model, Requests(1.0, 1155.0, 211.0), ran_demand=mean, ran_variance=variance)
    assert got.power_w[0, :, 0] == pytest.approx(np.full(24, hand.power_w[0]))
    assert got.utilisation_ran[0, 0, 0] == pytest.approx(mean / 2)
    assert got.utilisation_ai[0, 0, 0] == pytest.approx(float(hand.prefill_utilisation[0] + hand.decode_utilisation[0]))
    assert got.ttft_s[0, 0, 0] == pytest.approx(float(hand.ttft_mean_s[0]))
    assert got.tokens_per_s[0, 0, 0] == pytest.approx(211.0)
    assert got.deadline_miss[0, 0, 0] == pytest.approx(float(hand.ran_miss_probability[0]))


def test_a_dedicated_pool_sets_gpus_apart():
    world, got = pool_of(variant="apart")
    mean, variance = ran_demand(world, 0.3)
    gpu, model = parts(world)
    ai = serve(1.0, gpu, model, Requests(1.0, 1155.0, 211.0))
    ran = serve(1.0, gpu, model, Requests(0.0), ran_demand=mean, ran_variance=variance)
    assert got.power_w[0, 0, 0] == pytest.approx(float(ai.power_w[0] + ran.power_w[0]))
    assert got.utilisation_ran[0, 0, 0] == pytest.approx(mean / 2)
    assert got.deadline_miss[0, 0, 0] == pytest.approx(float(ran.ran_miss_probability[0]))
    # requests do not feel the radio
    _, busy = pool_of(variant="apart", load=0.9)
    assert busy.ttft_s == pytest.approx(got.ttft_s) and busy.utilisation_ran.sum() > got.utilisation_ran.sum()


def test_a_shared_pool_serves_both_with_the_same_gpus_and_they_feel_one_another():
    _, quiet = pool_of(load=0.0)
    _, busy = pool_of(load=1.0)
    assert (busy.ttft_s > quiet.ttft_s).all() and (busy.power_w > quiet.power_w).all()
    assert busy.tokens_per_s == pytest.approx(quiet.tokens_per_s)  # there is room for both


def test_models_share_a_pool_by_their_work_and_the_baseband_is_all_there():
    world, got = pool_of(TWO_MODELS)
    mean, _ = ran_demand(world, 0.3)
    assert got.utilisation_ran == pytest.approx(np.full((1, 24, 1), mean / 2))
    hour = EPOCHS_S / 3600 - 0.5
    assert got.requests_per_s[0, :, 0] == pytest.approx(2 * world.serves.profile[0][hour.astype(int)] + 1)
    assert (got.unserved_per_s <= got.requests_per_s).all()
    assert (got.utilisation_ran + got.utilisation_ai <= 1 + 1e-9).all()


def test_a_pool_without_requests_still_carries_the_baseband_and_burns_idle_power():
    for overrides in (["pools[edge].serves=[]"], ["pools[edge].serves[0].requests_per_s=0"]):
        for variant in ("shared", "apart"):
            world, got = pool_of(*overrides, variant=variant)
            mean, _ = ran_demand(world, 0.3)
            assert got.utilisation_ran == pytest.approx(np.full((1, 24, 1), mean / 2))
            assert (got.utilisation_ai == 0).all() and np.isnan(got.ttft_s).all()
            gpu, _ = (
                parts(world) if len(world.serves.pool) else (Gpu(**{n: world.pools.gpu[0][n] for n in GPU_FIELDS}), 0)
            )
            assert (got.power_w >= 2 * gpu.idle_w).all() and (got.power_w <= 2 * gpu.tdp_w).all()


def test_sites_that_a_pool_does_not_claim_cost_it_nothing():
    _, got = pool_of("pools[edge].ran_sites=none")
    assert (got.utilisation_ran == 0).all() and (got.deadline_miss == 0).all()
    _, one = pool_of("pools[edge].ran_sites=[macro00]")
    _, every = pool_of()
    assert 0 < one.utilisation_ran[0, 0, 0] < every.utilisation_ran[0, 0, 0]


def test_more_requests_than_gpus_are_refused_and_counted():
    _, got = pool_of("pools[edge].serves[0].requests_per_s=5000")
    served = got.requests_per_s - got.unserved_per_s
    assert (got.unserved_per_s > 0).all() and (served > 0).all()
    assert got.tokens_per_s == pytest.approx(served * 211.0)
    assert got.utilisation_ran + got.utilisation_ai == pytest.approx(np.ones((1, 24, 1)), abs=2e-2)


def test_cell_power_is_the_leaf_per_cell_with_the_declared_anchor():
    world = world_of(CITY)
    rng = np.random.default_rng(3)
    load = rng.random((2, 3, 2, len(world.cells.id)))
    got = cell_power_w(world, load)
    unit = watts_per_unit(PowerAnchor(world.energy.radio_reference_w, None), category=1)  # type: ignore[arg-type]
    reference = {2: (32, 20e6, 49.0), 1: (64, 100e6, 55.0)}  # TR 38.864 Table 5.1-1, sets 2 and 1
    for i in range(len(world.cells.id)):
        k = world.cells.carrier[i]
        kind = int(world.cells.power_set[i][-1])
        chains, bandwidth, dbm = reference[kind]
        s_a = world.antennas.part[world.cells.antenna[i]]["txru"] / chains
        s_f = world.carriers.bandwidth_hz[k] / bandwidth
        radiated = world.cells.tx_power_w[i] / (10 ** (dbm / 10) * 1e-3)
        hand = mean_relative_power(
            load[1, 2, 0, i], load[1, 2, 1, i], policy=world.cells.sleep[i], reference_set=kind, s_a=s_a, s_f=s_f,
            s_p=radiated / (s_a * s_f), dl_share=0.75,
        )  # fmt: skip
        assert got[1, 2, i] == pytest.approx(float(hand) * unit, rel=1e-9)


def test_power_rises_with_load_and_sleep_saves():
    def total(load, sleep):
        world = world_of(CITY, f"carriers[*].sleep={sleep}")
        return cell_power_w(world, np.full((2, len(world.cells.id)), load)).sum()

    for sleep in ("none", "micro", "light", "deep"):
        watts = [total(x, sleep) for x in (0, 0.2, 0.6, 1)]
        assert watts == sorted(watts)
    assert total(0, "deep") <= total(0, "light") <= total(0, "micro") <= total(0, "none")
    assert total(1, "deep") == pytest.approx(total(1, "micro"))


@pytest.fixture(scope="module")
def combined():
    world = world_of(CITY, "energy.pue=1.5", "energy.site_overhead_w=100")
    epochs = np.arange(6) * 14400.0
    records = []
    for t in epochs:
        factors, off = group_factors(world, t + 7200, 14400)
        records.append(run_task(Task("epoch", "w-energy", t + 7200, (0, 2), factors, off), {"w-energy": world}))
    return world, combine_day(world, epochs, 14400.0, records)


def test_energy_is_the_sum_of_its_parts_and_the_pue_multiplies_the_gpus(combined):
    world, d = combined
    assert d.power_radio == pytest.approx(d.power_cell.sum(axis=-1) + 100 * len(world.sites.id))
    assert d.power_gpu == pytest.approx(1.5 * d.pools.power_w.sum(axis=-1))
    assert d.power_quantum == pytest.approx(np.full((2, 6), quantum_power_w(world)))
    watts = world.key_links.equipment_w.sum() + world.direct_links.equipment_w.sum()
    assert quantum_power_w(world) == watts > 0
    assert d.power_total == pytest.approx(d.power_radio + d.power_gpu + d.power_quantum)
    m = day_metrics(world, d)
    whole = m["energy_radio"].mean + m["energy_gpu"].mean + m["energy_quantum"].mean
    assert m["energy_total"].mean == pytest.approx(whole)
    assert m["energy_quantum"].mean == pytest.approx(watts * 24 / 1000)  # W x 24 h
    joules = m["energy_total"].mean * 3.6e6
    assert m["energy_per_bit"].mean == pytest.approx(joules / (m["day_carried"].mean * 1e12) * 1e6, rel=0.05)
    grams = (d.power_total * 14400 / 3.6e6 * world.energy.carbon_kg_per_j[0] * 3.6e6 * 1e3).sum(axis=1).mean()
    assert m["carbon"].mean * 1e3 == pytest.approx(grams)


def test_traffic_of_a_hub_is_that_of_its_sites(combined):
    world, d = combined
    hub = world.places.id.index("hub")
    carried = d.radio["site_carried"].sum(axis=2) * 14400  # both directions, [r, t, site]
    assert (world.sites.hub == hub).all()
    shares = dict(zip(world.flows.entry, world.flows.share, strict=True))
    for f, entry in enumerate(world.flows.entry):
        assert d.keys.traffic[:, :, f] == pytest.approx(carried.sum(axis=-1) * shares[entry])
