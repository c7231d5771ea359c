#!/bin/bash
# Fuzzes the server with libFuzzer.
#   Tests/Fuzz/run.sh SECONDS [TARGET ...]
# Each target runs for SECONDS, all of them when none is named, and begins with its committed corpus; what is found grows in
# .build/fuzz/corpus/TARGET, and an input that breaks a promise is left in .build/fuzz/found. Fails when there is one.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

all=(Tests/Fuzz/Corpus/*/)
targets=("${@:2}")
if [[ ! ${1:-} =~ ^[0-9]+$ ]]; then
  echo "usage: Tests/Fuzz/run.sh SECONDS [TARGET ...]; targets: $(basename -a "${all[@]}" | paste -sd ' ')" >&2
  exit 2
fi
((${#targets[@]} > 0)) || mapfile -t targets < <(basename -a "${all[@]}")

"${SWIFT:-swift}" build --package-path Tests/Fuzz/LibFuzzer --scratch-path .build/fuzz/build --configuration release --sanitize fuzzer \
  --product fuzz
program=$("${SWIFT:-swift}" build --package-path Tests/Fuzz/LibFuzzer --scratch-path .build/fuzz/build --configuration release \
  --show-bin-path)/fuzz

failed=()
for target in "${targets[@]}"; do
  echo "Fuzzing $target for $1 s"
  mkdir -p ".build/fuzz/corpus/$target" .build/fuzz/found
  # An answer that takes 25 s is one that never came; a megabyte reaches every limit.
  # Swift's own handler of crashes would take libFuzzer's place, and the input would be lost.
  SWIFT_BACKTRACE=enable=no FUZZ_TARGET=$target "$program" -max_total_time="$1" -timeout=25 -rss_limit_mb=2048 -max_len=1048576 -len_control=100 \
    -print_final_stats=1 -artifact_prefix=".build/fuzz/found/$target-" \
    ".build/fuzz/corpus/$target" "Tests/Fuzz/Corpus/$target" 2>&1 \
    | grep --line-buffered -vE '^(#[0-9]+\s+(NEW|REDUCE|RELOAD)|\s*NEW_FUNC|"|#+ )' \
    || failed+=("$target")
done
((${#failed[@]} == 0)) || { echo "broken: ${failed[*]}; see .build/fuzz/found" >&2; exit 1; }
