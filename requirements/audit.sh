#!/usr/bin/env bash
# Fails when an advisory is known against a version that is locked. Where the advisory service cannot be reached it says
# so and passes: that a machine has no way out is no defect of what it checks.
set -euo pipefail
cd "$(dirname "$0")/.."
answer=$(mktemp)
trap 'rm -f "$answer"' EXIT
# dev.lock holds everything of runtime.lock, in the same versions.
timeout 300 "${BIN:-.venv/bin}/pip-audit" --requirement requirements/dev.lock --require-hashes --disable-pip \
  --progress-spinner off --timeout 20 --format json > "$answer" 2> /dev/null || true
"${BIN:-.venv/bin}/python" - "$answer" << 'END'
import json, pathlib, sys

text = pathlib.Path(sys.argv[1]).read_text()
told = json.loads(text)["dependencies"] if text.strip() else []
known = [one for one in told if "skip_reason" not in one]
bad = [
    f"{one['name']} {one['version']}: {flaw['id']}, mended in {', '.join(flaw['fix_versions']) or 'no version yet'}"
    for one in known
    for flaw in one["vulns"]
]
if not known:
    print("audit: the advisory service does not answer here; nothing was compared")
elif bad:
    sys.exit("\n".join(["audit: raise these in pyproject.toml, then `make lock`", *bad]))
else:
    print(f"audit: no advisory against {len(known)} of {len(told)} packages")
END
