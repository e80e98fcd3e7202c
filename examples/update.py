"""Run the examples and write their summaries to expected/: after a deliberate change of a model."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import silla

HERE = Path(__file__).parent


def main(names: list[str]) -> None:
    for name in names or [path.stem for path in sorted(HERE.glob("*.yaml"))]:
        with tempfile.TemporaryDirectory() as folder:
            results = silla.run(HERE / f"{name}.yaml", Path(folder) / name, jobs=2)
            kept = {
                variant: {
                    key: {"mean": m["mean"], "ci95": m["ci95"], "n": m["n"], "unit": m["unit"]}
                    for key, m in metrics.items()
                }
                for variant, metrics in results.summary["variants"].items()
            }
        text = json.dumps({"silla": silla.__version__, "name": name, "variants": kept}, indent=1, ensure_ascii=False)
        (HERE / "expected" / f"{name}.json").write_text(text + "\n", encoding="utf-8")
        print(f"expected/{name}.json")


if __name__ == "__main__":
    main(sys.argv[1:])
