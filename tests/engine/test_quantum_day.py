"""Protocols, repeaters, attacks and direct messages of a day. Oracles: conservation, the leaves' own closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from tests.engine.scenarios import CITY, world_of

from silla.base.errors import ScenarioError
from silla.engine.key_supply import STATES
from silla.engine.keys import key_day
from silla.engine.quantum import key_rates, link_budgets, pair_rates
from silla.physics.quantum import cvqkd, mdi, six_state
from silla.scenario.loader import load_text

STEP_S = 7200.0
EPOCHS_S = np.arange(12) * STEP_S
PROTOCOLS = ("decoy-bb84", "six-state", "bbm92", "mdi", "tf", "sns", "cv-qkd")


def day(*overrides, bits=4e9):
    world = world_of(CITY, *overrides)
    hub = np.zeros((2, len(EPOCHS_S), len(world.places.id)))
    hub[:, :, world.places.id.index("hub")] = bits
    return world, key_day(world, hub, EPOCHS_S, STEP_S)


def eavesdrop(attack, at="02:00"):
    return f'events=[{{at: "{at}", for_min: 120, eavesdrop: short, attack: {attack}}}]'


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_protocol_makes_keys_below_the_bound_and_none_under_full_interception(protocol):
    world = world_of(CITY, f"quantum.keys[0].protocol={protocol}", "events=[]")
    budget = link_budgets(world, world.key_links)
    clean, tapped = (key_rates(world, budget, np.array([x, 0.0])) for x in (0.0, 1.0))
    assert 0 < clean.bit_per_s[0] < clean.plob_bit_per_s[0]
    assert tapped.bit_per_s[0] == 0 and tapped.bit_per_s[1] == clean.bit_per_s[1]


def test_rates_are_those_of_the_leaves():
    """Dim pulses and no dead time: nothing but the leaf's formula is left."""
    detector = "catalogue={detectors: {ideal: {title: x, efficiency: 0.5, dark_counts_per_s: 100, dead_time_ns: 0, "
    detector += "sources: [{key: k, text: t}]}}}"
    for protocol in ("six-state", "mdi"):
        world = world_of(
            CITY, detector, f"quantum.keys[0].protocol={protocol}", "quantum.keys[0].detector=ideal",
            "quantum.keys[0].signal_intensity=0.2", "quantum.keys[0].error_correction=assumed", "events=[]",
        )  # fmt: skip
        budget = link_budgets(world, world.key_links)
        rate = key_rates(world, budget, np.zeros(2)).secret_bit_per_s[0]
        y0, line = float(budget.background[0]), float(budget.channel[0])
        receiver = 10**-0.3 * 0.5
        if protocol == "six-state":
            leaf = six_state.key_rate(line * receiver, y0=y0, misalignment=0.01, mu=0.2).rate
        else:
            arm = np.sqrt(line) * receiver
            leaf = mdi.key_rate(arm, arm, mu=0.2, background=y0 / 2, misalignment=0.01, decoys="vacuum+weak").rate
        assert rate == pytest.approx(float(leaf) * 1.25e9, rel=1e-9)


def test_intensity_that_is_given_is_used():
    rates = []
    for mu in (0.02, 0.2):
        world = world_of(CITY, f"quantum.keys[1].signal_intensity={mu}", "events=[]")
        rates.append(key_rates(world, link_budgets(world, world.key_links), np.zeros(2)).bit_per_s[1])
    assert rates[0] < 0.3 * rates[1]


def test_raman_light_is_noise_in_the_mode_of_continuous_variables():
    light = "fibres[0].classical={channels: 40, power_dbm: 0}"
    dark, bright = (
        world_of(CITY, "quantum.keys[0].protocol=cv-qkd", "quantum.keys[0].wavelength_nm=1530", *more, "events=[]")
        for more in ((), (light,))
    )
    found = [link_budgets(w, w.key_links) for w in (dark, bright)]
    assert found[0].photons_per_mode[0] == 0 < found[1].photons_per_mode[0] < 0.1
    extra = 2 * found[1].photons_per_mode[0] / found[1].channel[0]
    link = {"efficiency": 0.6 * 10**-0.3, "electronic_noise": 0.01, "symbols": 1e7}
    quiet, noisy = (
        cvqkd.finite_key_rate(float(found[1].channel[0]), modulation=4.0, excess_noise=0.01 + x, **link).signed_rate
        for x in (0.0, extra)
    )
    rates = [float(key_rates(w, b, np.zeros(2)).bit_per_s[0]) for w, b in zip((dark, bright), found)]
    assert float(noisy) < float(quiet) and rates[1] < rates[0]


def test_splitting_of_photon_numbers_is_seen_by_decoys():
    world, k = day(eavesdrop("photon-number-splitting"), "fibres[short].length_km=60")
    short = world.key_links.id.index("short")
    assert STATES[k.supply.state[1, short]] == "eavesdropped" and k.supply.secret[1, short] == 0
    assert k.supply.produced[0, short] > 0
    assert k.supply.qber[1, short] < 0.02  # the error rate alone would have shown nothing
    assert (k.known == 0).all() and (k.exposed == 0).all()


def test_blinding_is_seen_by_a_watchdog_and_by_nobody_else():
    world, k = day(eavesdrop("blinding"))
    short = world.key_links.id.index("short")
    assert STATES[k.supply.state[1, short]] == "eavesdropped" and k.supply.secret[1, short] == 0
    world, k = day(eavesdrop("blinding"), "quantum.keys[0].watchdog=false")
    assert STATES[k.supply.state[1, short]] == "compromised" and k.supply.produced[1, short] > 0
    assert (k.exposed[:, 1:] > 0).any() and (k.exposed <= k.quantum + k.one_time_pad + 1e-6).all()
    assert (k.exposed[:, 0] == 0).all()
    for protocol in ("mdi", "tf", "sns"):
        _, k = day(eavesdrop("blinding"), "quantum.keys[0].watchdog=false", f"quantum.keys[0].protocol={protocol}")
        assert (k.exposed == 0).all() and STATES[k.supply.state[1, short]] == "up"


def test_a_trojan_horse_is_met_by_isolation_that_is_counted():
    _, bare = day(eavesdrop("trojan-horse"))
    assert (bare.exposed[:, 1:] > 0).any()
    kept = {}
    for db in (300, 170, 120):
        _, k = day(eavesdrop("trojan-horse"), f"quantum.keys[0].isolation_db={db}")
        assert (k.exposed == 0).all()
        kept[db] = k.supply.produced[0, 0]
    assert kept[300] == pytest.approx(bare.supply.produced[0, 0], rel=2e-2)
    assert kept[300] > kept[170] > kept[120] == 0  # Lucamarini et al.: 170 dB do, at 1 GHz


def test_known_keys_leave_the_stock_as_they_are_used_up():
    _, k = day(eavesdrop("blinding"), "quantum.keys[0].watchdog=false", bits=4e11)
    share = k.known[0, :, 0]
    assert share[1] > 0 and share[-1] < 0.05 * share[1]


def test_a_chain_of_repeaters_makes_keys_and_stops_with_any_of_its_fibres():
    chain = "quantum.repeaters=[{id: chain, fibres: [short, long], stock_mbit: 50}]"
    world, k = day(
        chain, 'events=[{at: "02:00", for_min: 120, cut: long}, {at: "06:00", for_min: 120, eavesdrop: short}]'
    )
    i = k.supply.id.index("chain")
    rate = pair_rates(world).bit_per_s[0]
    assert rate > 0 and k.supply.produced[0, i] == pytest.approx(rate * STEP_S)
    assert k.supply.produced[1, i] == 0 == k.supply.produced[3, i]
    assert [STATES[k.supply.state[t, i]] for t in (0, 1, 3)] == ["up", "cut", "eavesdropped"]
    assert k.supply.ends[i].tolist() == [world.places.id.index("hub"), world.places.id.index("core")]


def test_keys_of_a_chain_need_no_trusted_node_in_between():
    chain = "quantum.repeaters=[{id: chain, fibres: [short, long], stock_mbit: 50}]"
    without, with_chain = (day("nodes[relay].trusted=false", *more, "events=[]")[1] for more in ((), (chain,)))
    assert without.key_served.sum() == 0 < with_chain.key_served.sum()


NEAR = "fibres[long].length_km=8"  # direct messages do not go far
MESSAGES = "quantum.messages=[{id: 제어, ends: [hub, core], bit_per_s: 200, relay: %s, fallback: %s}]"
BOTH = "quantum.direct=[{id: a, fibre: short, message_bit_per_s: 0}, {id: b, fibre: long, message_bit_per_s: 0}]"


def total(m, keys=0.0):
    return m.quantum + keys + m.post_quantum + m.lost + m.waiting


@pytest.mark.parametrize(("relay", "goes"), [("trusted", True), ("pqc", True), ("none", False)])
def test_messages_are_relayed_by_those_who_may(relay, goes):
    _, k = day(MESSAGES % (relay, "none"), BOTH, NEAR, "events=[]")
    m = k.messages
    assert (m.quantum > 0).all() == goes and m.offered == pytest.approx(total(m))
    if goes:
        assert m.hops == pytest.approx(2.0)
    _, k = day(MESSAGES % (relay, "none"), BOTH, NEAR, "events=[]", "nodes[relay].trusted=false")
    assert (k.messages.quantum > 0).all() == (relay == "pqc")


def test_messages_wait_through_a_cut_and_are_sent_afterwards():
    cut = 'events=[{at: "02:00", for_min: 240, cut: long}]'
    _, k = day(MESSAGES % ("trusted", "wait"), BOTH, NEAR, cut)
    m = k.messages
    assert m.waiting[1, 0] == pytest.approx(200 * STEP_S) and m.waiting[2, 0] == pytest.approx(400 * STEP_S)
    assert m.quantum[3, 0] == pytest.approx(600 * STEP_S) and m.waiting[3, 0] == pytest.approx(0.0, abs=1e-6)
    assert m.quantum.sum() == pytest.approx(m.offered.sum())


def test_messages_fall_back_to_the_pad_of_the_key_stocks_or_to_post_quantum_encryption():
    tap = eavesdrop("intercept-resend")
    _, k = day(MESSAGES % ("trusted", "keys"), BOTH, NEAR, tap)
    assert k.messages.quantum[1, 0] == 0 and k.messages.asked_keys[1, 0] == pytest.approx(200 * STEP_S)
    assert k.message_keys[:, 1, 0] == pytest.approx(200 * STEP_S)  # from the stock: the link itself makes none
    assert (k.message_keys[:, 0, 0] == 0).all()
    _, k = day(MESSAGES % ("trusted", "ml-kem-768"), BOTH, NEAR, tap)
    assert k.messages.post_quantum[1, 0] == pytest.approx(200 * STEP_S)


def test_messages_take_another_way_when_one_is_attacked():
    third = "fibres=[{id: short, ends: [hub, relay], length_km: 10}, {id: long, ends: [relay, core], length_km: 9}, "
    third += "{id: direct, ends: [hub, core], length_km: 11}]"
    links = "quantum.direct=[{id: a, fibre: short}, {id: b, fibre: long}, {id: c, fibre: direct}]"
    tap = 'events=[{at: "02:00", for_min: 120, eavesdrop: direct}]'
    _, k = day(MESSAGES % ("trusted", "none"), third, links, tap, "quantum.keys=[]")
    m = k.messages
    assert m.hops[0, 0] == 1.0 and not m.rerouted[0, 0]
    assert m.hops[1, 0] == 2.0 and m.rerouted[1, 0]
    assert m.quantum == pytest.approx(m.offered)


def test_messages_over_repeaters_need_no_relay():
    chain = "quantum.repeaters=[{id: chain, fibres: [short, long], makes: messages}]"
    _, k = day(MESSAGES % ("none", "none"), chain, "quantum.direct=[]", "events=[]")
    assert (k.messages.quantum > 0).all() and k.messages.hops == pytest.approx(1.0)


def test_messages_under_blinding_without_a_watchdog_are_read():
    bare = BOTH.replace("fibre: short", "fibre: short, watchdog: false")
    _, k = day(MESSAGES % ("trusted", "none"), bare, NEAR, eavesdrop("blinding"))
    assert k.messages.exposed[1, 0] == pytest.approx(k.messages.quantum[1, 0]) and k.messages.exposed[0, 0] == 0


def links(**fields):
    extra = "".join(f", {k}: {v}" for k, v in fields.items())
    return f"quantum.direct=[{{id: a, fibre: short{extra}}}, {{id: b, fibre: long}}]"


def test_decoys_of_direct_links_tell_split_photon_numbers():
    """With decoys the check's bound leaves less; without, the link is slower all along and Eve learns nothing more."""
    rates = {}
    for decoys in (0, 1, 2):
        _, k = day(
            links(protocol="hd", decoys=decoys), "fibres[short].length_km=20", eavesdrop("photon-number-splitting")
        )
        d = k.direct
        rates[decoys] = d.capacity[0, 0], d.capacity[1, 0]
        assert d.known.max() == 0.0 and d.capacity[-1, 0] == d.capacity[0, 0]
        assert STATES[d.state[1, 0]] == ("eavesdropped" if decoys else "up")
    assert rates[2][0] > rates[1][0] > rates[0][0] > 0.0
    assert rates[0][1] == pytest.approx(rates[0][0], rel=1e-3)
    assert rates[1][1] < 0.8 * rates[1][0] and rates[2][1] < 0.95 * rates[2][0]


def test_splitting_gains_nothing_on_a_short_line():
    _, k = day(links(protocol="dl04"), eavesdrop("photon-number-splitting"))
    assert k.direct.capacity[1, 0] == k.direct.capacity[0, 0] > 0.0 == k.direct.known.max()


@pytest.mark.parametrize("protocol", ["dl04", "hd"])
def test_messages_in_blocks_cost_code_and_counts_and_their_check_passes_or_does_not(protocol):
    """Beside a message that is sent photon by photon over the same link, plan for plan."""
    rates = {}
    for block in ("null", "100", "10000"):
        _, k = day(links(protocol=protocol, block_kbit=block), eavesdrop("intercept-resend"))
        rates[block] = k.direct.capacity[0, 0]
        assert k.direct.capacity[1, 0] == 0.0 and STATES[k.direct.state[1, 0]] == "eavesdropped"
    assert rates["null"] > rates["10000"] > rates["100"] > 0.0
    slight = 'events=[{at: "02:00", for_min: 120, eavesdrop: short, fraction: 1.0e-5}]'
    _, k = day(links(protocol=protocol, block_kbit=100), slight)
    assert k.direct.capacity[1, 0] == k.direct.capacity[0, 0]
    bare = links(protocol=protocol, block_kbit=100, watchdog="false")
    _, k = day(bare, eavesdrop("photon-number-splitting"))
    assert k.direct.known.max() == 0.0 and k.direct.capacity[1, 0] in (0.0, k.direct.capacity[0, 0])


def test_pairs_have_no_photon_numbers_to_split():
    _, k = day(links(protocol="two-step"), eavesdrop("photon-number-splitting"))
    assert k.direct.capacity[1, 0] == k.direct.capacity[0, 0] > 0 and STATES[k.direct.state[1, 0]] == "up"


def test_a_trojan_horse_reads_messages_unless_it_is_seen_or_counted():
    _, k = day(links(watchdog="false"), eavesdrop("trojan-horse"))
    assert k.direct.known[1, 0] == 1.0 and STATES[k.direct.state[1, 0]] == "compromised"
    _, k = day(links(), eavesdrop("trojan-horse"))
    assert k.direct.capacity[1, 0] == 0.0 == k.direct.known[1, 0] and STATES[k.direct.state[1, 0]] == "eavesdropped"
    kept = {}
    for db in (400, 170, 110):
        _, k = day(links(watchdog="false", isolation_db=db), eavesdrop("trojan-horse"))
        assert k.direct.known.max() == 0.0 and k.direct.capacity[1, 0] == k.direct.capacity[0, 0]
        kept[db] = k.direct.capacity[0, 0]
    assert kept[400] > kept[170] > kept[110] == 0.0


@pytest.mark.parametrize(
    ("override", "text"),
    [
        ("quantum.direct=[{fibre: short, protocol: two-step, isolation_db: 100}]", "counted for dl04 and hd"),
        ("quantum.direct=[{fibre: short, decoys: 3}]", "decoys"),
        ("quantum.direct=[{fibre: short, protocol: two-step, block_kbit: 10}]", "those of dl04 and hd"),
        ("quantum.repeaters=[{id: c, fibres: [short, nowhere]}]", "no fibre has the id 'nowhere'"),
        ("quantum.repeaters=[{id: short, fibres: [short, long]}]", "quantum link id 'short' is already used"),
        ("quantum.messages=[{ends: [hub, hub], bit_per_s: 1}]", "a message goes from one place to another"),
        ("quantum.messages=[{ends: [hub, moon], bit_per_s: 1}]", "no site or node has the id 'moon'"),
        ("quantum.keys=[{fibre: short, protocol: mdi, isolation_db: 100}]", "the isolation is counted for decoy-bb84"),
        ("quantum.keys=[{fibre: short, protocol: bb84}]", "decoy-bb84"),
    ],
)
def test_faults_are_told_with_their_place(override, text):
    with pytest.raises(ScenarioError, match=text.replace("[", r"\[")):
        load_text(CITY, __import__("pathlib").Path("x.yaml"), overrides=(override,))
