"""Oracles: Pollaczek-Khinchine and Erlang closed forms, two discrete-event simulations, conservation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from silla.physics.compute.gpu import Gpu, LanguageModel, decode_step_s, prefill_s
from silla.physics.compute.pool import Requests, serve
from silla.physics.compute.queueing import mg1_wait_s, processor_sharing, ran_miss_probability

H100 = Gpu(989e12, 3.35e12, 80e9, 70.0, 700.0)
LLAMA_8B = LanguageModel(8.03e9, 32, 8, 128, hidden=4096)


def test_waiting_time_of_known_queues():
    assert mg1_wait_s(0.8, 1.0, 0.0) == pytest.approx(2.0)  # M/D/1
    assert mg1_wait_s(0.8, 1.0, 1.0) == pytest.approx(4.0)  # M/M/1
    assert mg1_wait_s(1.0, 1.0) == np.inf


def test_birth_death_law_equals_erlang_b_and_the_geometric_law():
    servers, offered = 5, 3.0
    erlang = processor_sharing(offered, np.arange(1.0, servers + 1), servers)
    terms = [offered**k / math.factorial(k) for k in range(servers + 1)]
    np.testing.assert_allclose(erlang, np.array(terms) / sum(terms))
    single = processor_sharing(0.5, np.ones(60), 60)
    np.testing.assert_allclose(single[:10], 0.5 ** np.arange(1, 11), rtol=1e-12)


def _simulate(rate, prompt, generated, ran_share, n_requests, rng, slot=0.5e-3, limit=256):
    """One GPU, event by event: radio first in each slot, prompts one by one, else one decode step for all."""
    arrivals = np.cumsum(rng.exponential(1 / rate, n_requests))
    prompts = np.maximum(1, rng.exponential(prompt, n_requests))
    lengths = 1 + rng.geometric(1 / (generated - 1), n_requests)
    own = slot * (1 - ran_share)

    def finish(now, work):
        """The time when `work` seconds of inference are done, the first part of each slot being the radio's."""
        slots, phase = divmod(now, slot)
        done = slots * own + max(0.0, phase - (slot - own)) + work
        slots, rest = divmod(done, own)
        return slots * slot + (slot - own) + rest

    now, nxt, waiting, active = 0.0, 0, [], []
    first, per_token, busy, steps = np.full(n_requests, np.nan), [], 0.0, []
    while nxt < n_requests or waiting or active:
        while nxt < n_requests and arrivals[nxt] <= now:
            waiting.append(nxt)
            nxt += 1
        if waiting and len(active) < limit:
            k = waiting.pop(0)
            work = float(prefill_s(H100, LLAMA_8B, prompts[k]))
            now = finish(now, work)
            first[k] = now - arrivals[k]
            active.append([k, lengths[k] - 1, now])
        elif active:
            context = sum(prompts[a[0]] + 0.5 * generated for a in active) / len(active)
            work = float((16.06e9 + len(active) * context * 131072) / 3.35e12)
            now = finish(now, work)
            steps.append(now)
            for a in active:
                a[1] -= 1
                if a[1] == 0:
                    per_token.append((now - a[2]) / (lengths[a[0]] - 1))
            active = [a for a in active if a[1] > 0]
        else:
            now = arrivals[nxt]
            continue
        busy += work
    return first, np.array(per_token), busy / now


@pytest.mark.parametrize(("rate", "ran"), [(2.0, 0.0), (4.0, 0.3), (8.0, 0.1)])
def test_first_token_and_step_times_agree_with_a_discrete_event_simulation(rate, ran):
    generated = 80.0
    first, per_token, busy = _simulate(rate, 600.0, generated, ran, 2500, np.random.default_rng(7))
    model = serve(1, H100, LLAMA_8B, Requests(rate, 600.0, generated, 1.0), ran_demand=ran)
    assert model.ttft_mean_s[0] == pytest.approx(np.mean(first), rel=0.10)
    assert model.ttft_p95_s[0] == pytest.approx(np.quantile(first, 0.95), rel=0.20)
    assert model.per_token_mean_s[0] == pytest.approx(np.mean(per_token), rel=0.10)
    assert model.per_token_p95_s[0] == pytest.approx(np.quantile(per_token, 0.95), rel=0.30)
    inference = (model.prefill_utilisation + model.decode_utilisation)[0]
    assert inference == pytest.approx(busy, rel=0.05)


def test_deadline_misses_agree_with_a_kernel_by_kernel_simulation():
    rng = np.random.default_rng(3)
    slot, work, sd, kernel = 0.5e-3, 0.3e-3, 0.03e-3, 0.37e-3
    free_at, late, n = 0.0, 0, 60_000
    draws = rng.normal(work, sd, n)
    for k in range(n):
        start = k * slot
        if free_at < start:  # inference kernels run back to back until the slot starts
            free_at += math.ceil((start - free_at) / kernel) * kernel
        done = free_at + draws[k]
        if done > start + slot:
            late += 1
            done = min(done, start + slot)  # late work is dropped
        free_at = done
    model = ran_miss_probability(work, sd, slot, decode_busy=1.0, decode_kernel_s=kernel)
    assert late / n == pytest.approx(float(model), rel=0.15)


def test_spreading_twice_the_cells_over_twice_the_gpus_changes_no_miss_rate():
    one = serve(1, H100, LLAMA_8B, Requests(0.0), ran_demand=0.9, ran_variance=0.01)
    two = serve(2, H100, LLAMA_8B, Requests(0.0), ran_demand=1.8, ran_variance=0.02)
    # by hand: a slot is late when work of mean 0.9 and standard deviation 0.1 exceeds 1
    assert one.ran_miss_probability == pytest.approx(0.15865525, rel=1e-6)
    assert two.ran_miss_probability == pytest.approx(one.ran_miss_probability, rel=1e-9)


def test_no_variance_and_no_inference_means_no_miss_below_the_deadline():
    assert ran_miss_probability(0.49e-3, 0.0, 0.5e-3) == pytest.approx(0.0, abs=1e-12)
    assert ran_miss_probability(0.51e-3, 0.0, 0.5e-3) == pytest.approx(1.0)


def test_preempting_whole_steps_misses_far_more_than_preempting_kernels():
    requests = Requests(4.0)
    kernel = serve(1, H100, LLAMA_8B, requests, ran_demand=0.3).ran_miss_probability[0]
    step = serve(1, H100, LLAMA_8B, requests, ran_demand=0.3, preempt="step").ran_miss_probability[0]
    assert step > 0.9 > 0.01 > kernel


@settings(deadline=None, max_examples=60)
@given(
    n=st.floats(0, 8),
    rate=st.floats(0, 200),
    ran=st.floats(0, 10),
    prompt=st.floats(1, 8000),
    generated=st.floats(1, 2000),
)
def test_requests_radio_work_and_time_are_conserved(n, rate, ran, prompt, generated):
    got = serve(n, H100, LLAMA_8B, Requests(rate, prompt, generated), ran_demand=ran, ran_variance=0.01)
    assert got.served_per_s + got.refused_per_s == pytest.approx(rate)
    assert got.ran_served + got.ran_unserved == pytest.approx(ran)
    assert np.all(got.refused_per_s >= -1e-9) and np.all(got.ran_unserved >= -1e-9)
    assert np.all((got.utilisation >= 0) & (got.utilisation <= 1 + 1e-9))
    assert np.all((got.ran_miss_probability >= 0) & (got.ran_miss_probability <= 1))
    assert np.all(got.power_w <= math.ceil(n) * 700 * (1 + 1e-9))


def test_overload_serves_the_capacity_and_refuses_the_rest():
    rates = np.array([20.0, 50.0, 500.0])
    got = serve(1, H100, LLAMA_8B, Requests(rates), ran_demand=0.2)
    np.testing.assert_allclose(got.served_per_s, got.served_per_s[0], rtol=1e-3)
    # by hand: the time left by radio and prefill decodes 256 tokens per step
    step = float(decode_step_s(H100, LLAMA_8B, 256, 1155 + 105.5))
    cycle = float(prefill_s(H100, LLAMA_8B, 1155)) + 211 * step / 256
    assert got.served_per_s[2] == pytest.approx(0.8 / cycle, rel=1e-3)
    assert np.all(got.ttft_p95_s >= got.ttft_mean_s)


def test_sharing_serves_more_than_a_dedicated_split_at_low_radio_load():
    """AI-RAN's claim in its simplest form: two GPUs shared against one and one."""
    requests = Requests(24.0)
    dedicated_ai = serve(1, H100, LLAMA_8B, requests)
    dedicated_ran = serve(1, H100, LLAMA_8B, Requests(0.0), ran_demand=0.5)
    shared = serve(2, H100, LLAMA_8B, requests, ran_demand=0.5)
    assert dedicated_ran.ran_served == shared.ran_served == pytest.approx(0.5)
    assert shared.served_per_s[0] > 1.2 * dedicated_ai.served_per_s[0]


def test_a_slice_and_a_model_that_does_not_fit():
    half = serve(0.5, H100, LLAMA_8B, Requests(1.0))
    whole = serve(1.0, H100, LLAMA_8B, Requests(1.0))
    assert half.ttft_mean_s[0] > 2 * whole.ttft_mean_s[0]
    big = serve(1, H100, LanguageModel(70e9, 80, 8, 128), Requests(1.0))
    assert big.served_per_s[0] == 0 and big.refused_per_s[0] == 1 and np.isnan(big.ttft_mean_s[0])
    none = serve(0, H100, LLAMA_8B, Requests(1.0), ran_demand=1.0)
    assert none.ran_miss_probability[0] == 1 and none.power_w[0] == 0


def test_pools_and_epochs_broadcast_and_equal_one_by_one():
    rates = np.array([[1.0, 4.0], [9.0, 30.0]])
    ran = np.array([0.1, 0.6])
    together = serve(np.array([1.0, 2.0]), H100, LLAMA_8B, Requests(rates), ran_demand=ran)
    for i in range(2):
        for j in range(2):
            alone = serve([1.0, 2.0][j], H100, LLAMA_8B, Requests(rates[i, j]), ran_demand=ran[j])
            assert together.ttft_mean_s[i, j] == pytest.approx(alone.ttft_mean_s[0], rel=1e-9)
            assert together.served_per_s[i, j] == pytest.approx(alone.served_per_s[0], rel=1e-9)
