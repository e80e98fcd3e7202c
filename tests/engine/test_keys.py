"""Keys over the day. Oracles: conservation of stock, hand-made chains, the intercept-resend limit, sums of shares."""

from __future__ import annotations

import numpy as np
import pytest
from tests.engine.scenarios import CITY, world_of

from silla.engine.key_supply import STATES
from silla.engine.keys import key_day
from silla.engine.quantum import direct_rates, key_rates, link_budgets
from silla.physics.quantum.distillation.yields import AUTHENTICATION_BIT
from silla.physics.quantum.rekeying import cipher_demand_bit
from silla.world.types import replace

STEP_S = 7200.0
EPOCHS_S = np.arange(12) * STEP_S
UP, NO_KEY, TAPPED, CUT = (STATES.index(s) for s in ("up", "no key", "eavesdropped", "cut"))


def day(world, bits_per_epoch=4e9, replicates=1):
    """The key day of a world whose hub carries a constant traffic."""
    hub = np.zeros((replicates, len(EPOCHS_S), len(world.places.id)))
    hub[:, :, world.places.id.index("hub")] = bits_per_epoch
    return key_day(world, hub, EPOCHS_S, STEP_S)


def without_events(*overrides):
    return world_of(CITY, "events=[]", *overrides)


def flow(world, entry):
    return world.flows.entry.index(entry)


def check_stocks(world, k):
    """Conservation: what is there after is what was there before, plus made, minus used, less what the store spills.

    Pads of blocks that were given up are used as well.
    """
    links = world.key_links
    before = np.concatenate([np.broadcast_to(links.initial_bits, k.stock[:, :1].shape), k.stock[:, :-1]], axis=1)
    exact = np.minimum(before + k.produced - k.consumed, links.stock_bits)
    assert k.stock == pytest.approx(exact, rel=1e-9, abs=1e-3)
    assert (k.stock >= 0).all() and (k.stock <= links.stock_bits).all()
    assert (k.consumed <= (before + k.produced) * (1 + 1e-9)).all()
    total_in = links.initial_bits + k.produced.sum(axis=1)
    assert (k.consumed.sum(axis=1) <= total_in * (1 + 1e-9)).all()


def check_shares(k):
    """Every bit of traffic is under exactly one protection."""
    parts = (k.quantum, k.one_time_pad, k.fallback, k.unsent)
    assert sum(parts) == pytest.approx(k.traffic, rel=1e-12)
    assert all((p >= 0).all() for p in parts)
    assert (k.key_served <= k.key_demand * (1 + 1e-9) + 1e-6).all()


def test_stocks_and_shares_add_up_on_a_day_full_of_events():
    for pressure in (1e6, 4e9, 4e12):
        world = world_of(CITY)
        k = day(world, pressure, replicates=2)
        check_stocks(world, k)
        check_shares(k)


def test_supply_without_events_is_the_clean_rate():
    world = without_events()
    k = day(world)
    rate = key_rates(world, link_budgets(world, world.key_links), np.zeros(2)).bit_per_s
    assert (rate > 0).all() and rate[0] > rate[1]  # 10 km beats 40 km
    assert k.produced[0] == pytest.approx(np.tile(rate * STEP_S, (12, 1)))
    assert (k.supply.state == UP).all()


def test_demand_is_the_rekeying_of_the_traffic():
    world = without_events()
    k = day(world, 4e9)
    data, control = flow(world, "data"), flow(world, "control")
    volume = np.full(12, 0.9 * 4e9 / 8)
    by_hand = cipher_demand_bit(volume, STEP_S, "aes-256-gcm", every_byte=0.5e9, every_s=60.0)
    assert k.key_demand[0, :, data] == pytest.approx(by_hand)
    assert k.key_demand[0, :, data].sum() == 256 * 2 * 24 * 60  # every minute of the day, both directions
    assert k.key_demand[0, :, control] == pytest.approx(2e-5 * 4e9)  # one-time pad: a key bit for each bit


def test_each_hop_spends_the_key_of_a_route():
    world = without_events()
    k = day(world)
    served = k.key_served.sum(axis=-1)[0]
    assert k.consumed[0] == pytest.approx(np.tile(served, (2, 1)).T)  # hub - relay - core: both links, all flows


def test_priority_is_served_first_when_keys_are_short():
    """Stock and supply of one epoch cover the one-time pad alone: it gets all, the other the rest."""
    world = without_events()
    links = world.key_links
    rate = key_rates(world, link_budgets(world, links), np.zeros(2)).bit_per_s
    pad = 0.9 * rate.min() * STEP_S
    world = replace(world, {"key_links": {"initial_bits": np.zeros(2)}, "flows": {"rekey_s": np.full(2, 1e-4)}})
    k = day(world, pad / 2e-5)
    control, data = flow(world, "control"), flow(world, "data")
    assert k.key_served[0, :, control] == pytest.approx(k.key_demand[0, :, control])
    assert k.key_served[0, 0, data] == pytest.approx(0.1 * rate.min() * STEP_S, rel=1e-6)
    turned = replace(world, {"flows": {"priority": -world.flows.priority}})
    k = day(turned, pad / 2e-5)
    assert k.key_served[0, 0, data] > k.key_served[0, 0, control]


def test_eavesdropper_stops_production_and_is_seen_in_the_error_rate():
    world = world_of(CITY)
    k = day(world)
    short = world.key_links.id.index("short")
    assert k.supply.state[1, short] == TAPPED and k.supply.state[0, short] == k.supply.state[2, short] == UP
    assert k.supply.secret[1, short] == 0 < k.produced[0, 0, short]
    assert k.produced[0, 1, short] == 0
    tried = AUTHENTICATION_BIT * STEP_S / 60  # one block a minute is tried and given up
    assert k.supply.spent[1, short] == k.supply.authentication[1, short] == tried
    used = k.consumed[0, 1, short] - k.use[1, :, short].sum()
    assert used == pytest.approx(min(tried, k.stock[0, 0, short]), rel=1e-6)
    # intercept and resend of every pulse: one error in four, plus the channel's own
    assert 0.25 <= k.supply.qber[1, short] <= 0.30 and k.supply.qber[0, short] < 0.05
    other = world.key_links.id.index("long")
    assert k.produced[0, 1, other] == k.produced[0, 0, other] and k.supply.qber[1, other] == k.supply.qber[0, other]


def test_partial_interception_lowers_the_rate_and_raises_the_error_rate_in_proportion():
    world = without_events()
    budget = link_budgets(world, world.key_links)
    rates, errors = [], []
    for share in (0.0, 0.05, 0.2, 1.0):
        got = key_rates(world, budget, np.full(2, share))
        rates.append(got.bit_per_s[0])
        errors.append(got.qber[0])
    assert rates[0] > rates[1] > 0 and rates[3] == 0 and sorted(rates, reverse=True) == rates
    assert errors == sorted(errors)


def test_a_cut_for_half_of_an_epoch_halves_it():
    world = world_of(CITY)
    k = day(world)
    long = world.key_links.id.index("long")
    assert k.supply.state[4, long] == CUT
    assert k.produced[0, 4, long] == pytest.approx(k.produced[0, 0, long] / 2)  # 08:00 to 09:00 of 08:00 to 10:00
    assert k.produced[0, 5, long] == k.produced[0, 0, long]


def test_exhaustion_brings_the_fallback_and_without_one_nothing_is_sent():
    """No supply and a stock for three epochs of the one-time pad: three protected, then the fallback."""
    world = without_events()
    cut = replace(world, {"key_links": {"pulse_rate_hz": np.full(2, 1e-3)}})
    pad = 1e6
    cut = replace(cut, {"key_links": {"initial_bits": np.full(2, 3 * pad)}})
    control, data = flow(cut, "control"), flow(cut, "data")
    # the rekeying by time of the other flow must not eat the stock
    cut = replace(cut, {"flows": {"rekey_s": np.full(2, 1e9), "rekey_bits": np.full(2, 1e30)}})
    k = day(cut, pad / 2e-5)
    assert k.one_time_pad[0, :, control] == pytest.approx([pad] * 3 + [0] * 9, rel=1e-6, abs=1e-3)
    assert k.fallback[0, :, control] == pytest.approx([0] * 3 + [pad] * 9, rel=1e-6, abs=1e-3)
    assert k.stock[0, :, 0] == pytest.approx([2 * pad, pad, 0] + [0] * 9, abs=1.0)
    none = world_of(CITY, "events=[]", "quantum.enabled=false")
    k = day(none)
    assert k.unsent[0, :, data] == pytest.approx(k.traffic[0, :, data])  # fallback: none
    assert k.fallback[0, :, data] == pytest.approx(np.zeros(12))
    assert k.fallback[0, :, control] == pytest.approx(k.traffic[0, :, control])  # fallback: ml-kem-768


def test_the_last_key_holds_until_the_next_rekeying():
    """Rekeying every 4 hours with 2-hour epochs: an epoch without a demand keeps the protection of the one before."""
    world = without_events("security[data].rekey={every_gb: 1000, every_s: 14400}")
    k = day(world)
    data = flow(world, "data")
    asked = k.key_demand[0, :, data] > 0
    assert asked.tolist() == [False, True] * 6
    assert k.quantum[0, 1:, data] == pytest.approx(k.traffic[0, 1:, data])
    assert k.quantum[0, 0, data] == 0  # before its first key nothing protects it


def test_keys_pass_through_trusted_nodes_alone():
    trusted = without_events("nodes[relay].trusted=true")
    assert day(trusted).key_served.sum() > 0
    assert day(without_events("nodes[relay].trusted=false")).key_served.sum() == 0
    # the ends of a flow hold their own keys, trusted or not
    ends = without_events("nodes[hub].trusted=false", "nodes[core].trusted=false")
    assert day(ends).key_served.sum() == pytest.approx(day(trusted).key_served.sum())


def test_tighter_stock_never_protects_more():
    shares = []
    for stock in (0.001, 0.1, 1, 100):
        world = world_of(CITY, f"quantum.keys[*].stock_mbit={stock}")
        k = day(world, 4e11)
        check_stocks(world, k)
        shares.append((k.quantum + k.one_time_pad).sum())
    assert shares == sorted(shares)


def test_direct_messages_stop_under_attack_and_never_exceed_the_offer():
    world = world_of(CITY)
    k = day(world)
    assert k.direct.offered == pytest.approx(np.full((12, 1), 1000 * STEP_S))
    assert (k.direct.sent <= k.direct.offered).all() and k.direct.sent[0, 0] > 0
    assert k.direct.sent[1, 0] == 0 and k.direct.state[1, 0] == TAPPED  # every pulse intercepted
    budget = link_budgets(world, world.direct_links)
    rates = [direct_rates(world, budget, np.array([x])).bit_per_s[0] for x in (0.0, 0.1, 0.5, 1.0)]
    assert rates == sorted(rates, reverse=True) and rates[0] > 0 and rates[3] == 0
    assert direct_rates(world, budget, np.array([1.0])).qber[0] > 0.25


def test_a_fibre_too_long_makes_no_key_and_says_so():
    world = without_events("fibres[long].length_km=400")
    k = day(world)
    long = world.key_links.id.index("long")
    assert (k.supply.state[:, long] == NO_KEY).all() and (k.produced[:, :, long] == 0).all()
    check_stocks(world, k)


def test_an_end_that_is_not_trusted_relays_for_nobody_else():
    """hub - relay - core, where the relay is an end of a flow of its own: trusted or not decides the other flow."""
    extra = "security=[{id: far, hubs: [hub], to: core}, {id: near, hubs: [relay], to: core}]"
    for trusted in ("true", "false"):
        world = without_events(extra, f"nodes[relay].trusted={trusted}")
        hub = np.zeros((1, len(EPOCHS_S), len(world.places.id)))
        hub[:] = 4e9
        k = key_day(world, hub, EPOCHS_S, STEP_S)
        check_stocks(world, k)
        assert k.key_served[0, :, flow(world, "near")] == pytest.approx(k.key_demand[0, :, flow(world, "near")])
        far = k.key_served[0, :, flow(world, "far")]
        assert far == pytest.approx(k.key_demand[0, :, flow(world, "far")] if trusted == "true" else np.zeros(12))


def test_flows_of_equal_priority_share_a_short_supply_evenly():
    for trusted in ("true", "false"):  # both ways of allocation
        extra = "security=[{id: a, to: core, share: 0.5, cipher: one-time-pad}, "
        extra += "{id: b, to: core, share: 0.5, cipher: one-time-pad}]"
        world = without_events(extra, f"nodes[hub].trusted={trusted}")
        k = day(world, 1e15)
        check_stocks(world, k)
        assert k.key_served[0, 2:, 0] == pytest.approx(k.key_served[0, 2:, 1], rel=1e-6)
        assert k.key_served[0, 5].sum() == pytest.approx(k.produced[0, 5].min(), rel=1e-6)
