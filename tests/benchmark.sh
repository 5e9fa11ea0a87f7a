#!/usr/bin/env bash
# How long whole commands take on generated projects, and how much memory, beside dbt where there is one:
#
#     tests/benchmark.sh [MODELS…]          1000 4000 16000 64000 if none are named
#
# Needs the Rust toolchain, hyperfine and GNU time; everything is written below target/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if ! command -v hyperfine >/dev/null; then
    echo "hyperfine is not installed: cargo install --locked hyperfine" >&2
    exit 2
fi
sizes=("$@")
if [ ${#sizes[@]} -eq 0 ]; then
    sizes=(1000 4000 16000 64000)
fi

cargo build --quiet --release --bin headsup --example generate
headsup="$PWD/target/release/headsup"
generate="$PWD/target/release/examples/generate"
place="$PWD/target/benchmark"
mkdir -p "$place"

# Peak memory in megabytes.
memory_of() {
    command time --format %M "$@" 2>&1 >/dev/null | tail -1 | awk '{ printf "%.0f", $1 / 1000 }'
}

for models in "${sizes[@]}"; do
    project="$place/$models"
    if [ ! -d "$project" ]; then
        "$generate" "$models" "$project"
    fi
    cache="$place/cache-$models"
    ask="$headsup --project-dir $project --cache-dir $cache"
    printf '\n==> %s models\n' "$models"
    hyperfine --style basic --warmup 1 --runs 3 --export-csv "$place/$models.csv" \
        --command-name "impact" "$ask impact --no-cache --base main --head change" \
        --command-name "impact, asked again" "$ask impact --base main --head change" \
        --command-name "depends" "$ask depends stg_0 --no-cache" \
        --command-name "depends, asked again" "$ask depends stg_0"
    echo "peak memory of impact: $(memory_of "$headsup" --project-dir "$project" impact --no-cache --base main --head change) MB"
    if command -v dbt >/dev/null; then
        hyperfine --style basic --runs 1 --prepare "rm -rf '$project/target'" \
            --command-name "dbt parse" "dbt parse --quiet --project-dir $project --profiles-dir $project"
        mkdir -p "$place/state-$models"
        cp "$project/target/manifest.json" "$place/state-$models/"
        hyperfine --style basic --runs 1 \
            --command-name "dbt ls --select state:modified+" \
            "dbt ls --quiet --select state:modified+ --state $place/state-$models --project-dir $project --profiles-dir $project"
    fi
done
