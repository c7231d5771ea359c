#!/bin/bash
# Makes Sources/FleetWire/Generated from Sources/FleetWire/Proto, with Debian's protoc (package protobuf-compiler) and the
# two plugins built from the packages that this one depends on.
#   .ci/generate-protobuf.sh           generates anew
#   .ci/generate-protobuf.sh --check   builds nothing; fails when Generated is not what Proto asks for
# Generated/STAMP holds the hash of the .proto files that the code came from, and of the code that came from them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

proto=Sources/FleetWire/Proto
generated=Sources/FleetWire/Generated
swift=${SWIFT:-swift}
# The package whose dependencies hold the plugins' sources; another one saves building them twice.
package=${FLEET_PLUGIN_PACKAGE:-.}

fail() {
  echo "generate-protobuf: $*" >&2
  exit 1
}

# One line for the files below $1 whose names end in $2, independent of where the repository lies.
hash_of() {
  (cd "$1" && find . -name "*$2" -type f | LC_ALL=C sort | xargs sha256sum | sha256sum | cut -d ' ' -f 1)
}

stamp() {
  echo "proto $(hash_of "$proto" .proto)"
  echo "swift $(hash_of "$generated" .swift)"
}

case ${1:-} in
  --check)
    [[ -f $generated/STAMP && $(<"$generated/STAMP") == "$(stamp)" ]] \
      || fail "$generated does not match $proto: run .ci/generate-protobuf.sh and commit what it makes"
    exit 0
    ;;
  '') ;;
  *) fail "unknown argument '$1'; usage: .ci/generate-protobuf.sh [--check]" ;;
esac

command -v protoc >/dev/null || fail "protoc is missing: install Debian's protobuf-compiler"
"$swift" build --package-path "$package" --product protoc-gen-swift
"$swift" build --package-path "$package" --product protoc-gen-grpc-swift-2
plugins=$("$swift" build --package-path "$package" --show-bin-path)

mkdir -p "$generated"
find "$generated" -name '*.swift' -delete
mapfile -t files < <(cd "$proto" && find . -name '*.proto' -printf '%P\n' | LC_ALL=C sort)
options=FileNaming=PathToUnderscores,Visibility=Internal,UseAccessLevelOnImports=true
protoc --proto_path="$proto" \
  --plugin="$plugins/protoc-gen-swift" --swift_opt="$options" --swift_out="$generated" \
  --plugin="$plugins/protoc-gen-grpc-swift-2" --grpc-swift-2_opt="$options,Server=true,Client=true" \
  --grpc-swift-2_out="$generated" \
  "${files[@]}"
# The generator does not know strict memory safety: its shared default is written once, before anybody reads it.
find "$generated" -name '*.pb.swift' -exec \
  sed -i 's/= _StorageClass\.defaultInstance$/= unsafe _StorageClass.defaultInstance/' {} +
stamp >"$generated/STAMP"
echo "generated $(find "$generated" -name '*.swift' | wc -l) files from ${#files[@]}"
