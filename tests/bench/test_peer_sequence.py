"""The peer's figures: where it is not installed the row says so; where it is, its keys are counted."""

from __future__ import annotations

import importlib.util

import pytest

from silla.bench import peer_sequence


def test_a_peer_that_is_missing_is_said(monkeypatch):
    monkeypatch.delenv("SILLA_ORACLE_PYTHON", raising=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    for ask in (peer_sequence.seconds_per_pulse, peer_sequence.corrected_bits):
        value, remark = ask(1.0)
        assert value is None and "not installed" in remark


def test_a_peer_that_fails_is_said(monkeypatch, tmp_path):
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho no such module >&2\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setenv("SILLA_ORACLE_PYTHON", str(broken))
    value, remark = peer_sequence.corrected_bits(1.0)
    assert value is None and "failed" in remark and "no such module" in remark


@pytest.mark.slow
@pytest.mark.skipif(not importlib.util.find_spec("sequence"), reason="sequence is not installed")
def test_its_keys_are_whole_frames():
    value, remark = peer_sequence.corrected_bits(1.0)
    assert value is not None and 100 < value < 1e6 and "bits merely corrected" in remark
