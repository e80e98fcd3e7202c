"""The verb's promises: exit codes, keys saved for their owner alone, nothing written when it fails."""

from __future__ import annotations

import json
import stat

import pytest

from silla.base import kernels
from silla.cli._app import run_command

pytestmark = pytest.mark.skipif(not kernels.available(), reason="no C++ kernels: slow")
SMALL = ["distil", "--km", "5", "--block", "4e4"]


def test_keys_are_made_saved_and_drawn(tmp_path, capsys):
    out, page = tmp_path / "keys", tmp_path / "w.html"
    assert run_command([*SMALL, "--json", "--out", str(out), "--plot", str(page)]) == 0
    document = json.loads(capsys.readouterr().out)
    one, other = (out / name for name in ("alice.key", "bob.key"))
    assert one.read_bytes() == other.read_bytes() and len(one.read_bytes()) == -(-document["net_bit"] // 8)
    assert stat.S_IMODE(one.stat().st_mode) == 0o600 == stat.S_IMODE(other.stat().st_mode)
    assert "waterfall" in page.read_text()
    assert run_command([*SMALL, "--out", str(out)]) == 2  # never over keys that are there


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--km", "50", "--block", "2e3"], "must have at least"),
        (["--misalignment", "0.5"], "0.5"),
        (["--detector-efficiency", "0"], "efficiency"),
        (["--km", "2000"], "200"),
        (["--km", "-1"], "--km"),
        (["--block", "10"], "block"),
        (["--attack", "magic"], "--attack"),
        (["--adversary", "drop", "--adversary-share", "2"], "share"),
        (["--reconciliation", "winnow"], "--reconciliation"),
        (["--preset", "none"], "--preset"),
        (["--plot", "x.txt"], "--plot"),
        (["--share", "0.5"], "--attack"),
        (["--adversary-share", "0.5"], "--adversary"),
        (["--attack", "intercept-resend", "--share", "nan"], "share"),
        (["--attack", "photon-number-splitting", "--share", "-1"], "share"),
        (["--adversary", "alter", "--adversary-share", "nan"], "share"),
        (["--seed", "-1"], "--seed"),
        (["--km", "nan"], "--km"),
        (["--block", "nan"], "block"),
        (["--block", "-5"], "block"),
        (["--block", "1e12"], "1e+09"),
        (["--block", "1e9", "--km", "1"], "GiB are available"),
        (["--eps-sec", "0"], "eps_sec"),
        (["--eps-cor", "nan"], "eps_cor"),
        (["--y0", "nan"], "y0"),
        (["--decoys", "3"], "decoys"),
        (["--out", ""], "--out"),
    ],
)
def test_what_cannot_be_is_refused(arguments, said, capsys, monkeypatch):
    monkeypatch.setattr("silla.physics.quantum.distillation.link.available_bytes", lambda: 8 << 30)
    assert run_command(["distil", *arguments]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--attack", "intercept-resend"], "error rate"),
        (["--attack", "photon-number-splitting"], "no key"),
        (["--adversary", "drop", "--adversary-share", "1"], "no answer"),
        (["--adversary", "alter", "--adversary-share", "1"], "makes no sense"),
        (["--adversary", "duplicate", "--adversary-share", "1"], "came again"),
        (["--adversary", "reorder", "--adversary-share", "1"], "order changed"),
    ],
)
def test_runs_without_a_key_say_why_and_write_nothing(arguments, said, tmp_path, capsys):
    out = tmp_path / "keys"
    assert run_command([*SMALL, *arguments, "--out", str(out)]) == 1
    assert said in capsys.readouterr().err and not out.exists()
