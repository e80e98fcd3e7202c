"""Write the generated pages of docs/: run it through `make docs`. Tests fail when a page is stale."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).parent
PAGES = {
    "scenario-reference.md": ["-m", "silla", "schema", "--markdown"],
    "models.md": ["-m", "silla", "models", "--markdown"],
    "api.md": [str(DOCS / "api_page.py")],
}


def main() -> None:
    for name, arguments in PAGES.items():
        page = subprocess.run([sys.executable, *arguments], check=True, capture_output=True).stdout
        path = DOCS / name
        fresh = path.is_file() and path.read_bytes() == page
        path.write_bytes(page)
        print(f"docs/{name}: {'unchanged' if fresh else 'written'}")


if __name__ == "__main__":
    main()
