#!/bin/bash
# Makes each Generated folder from the Proto folder beside it, with Debian's protoc (package protobuf-compiler) and the two
# plugins built from the packages that this one depends on: what the console and its agents say to each other, with grpc-swift
# around it, and the messages of the Open Inference Protocol, alone.
#   .ci/generate-protobuf.sh           generates anew
#   .ci/generate-protobuf.sh --check   builds nothing; fails when a Generated is not what its Proto asks for
# Generated/STAMP holds the hash of the .proto files that the code came from, and of the code that came from them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

wire=Sources/FleetWire
inference=Sources/FleetServing/GRPC
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
  echo "proto $(hash_of "$1/Proto" .proto)"
  echo "swift $(hash_of "$1/Generated" .swift)"
}

check() {
  [[ -f $1/Generated/STAMP && $(<"$1/Generated/STAMP") == "$(stamp "$1")" ]] \
    || fail "$1/Generated does not match $1/Proto: run .ci/generate-protobuf.sh and commit what it makes"
}

case ${1:-} in
  --check)
    check "$wire"
    check "$inference"
    exit 0
    ;;
  '') ;;
  *) fail "unknown argument '$1'; usage: .ci/generate-protobuf.sh [--check]" ;;
esac

command -v protoc >/dev/null || fail "protoc is missing: install Debian's protobuf-compiler"
"$swift" build --package-path "$package" --product protoc-gen-swift
"$swift" build --package-path "$package" --product protoc-gen-grpc-swift-2
plugins=$("$swift" build --package-path "$package" --show-bin-path)

# Generates $1/Generated: messages visible to $2, and whatever the other arguments have protoc make of the services.
generate() {
  local proto=$1/Proto generated=$1/Generated visibility=$2 files
  shift 2
  mkdir -p "$generated"
  find "$generated" -name '*.swift' -delete
  mapfile -t files < <(cd "$proto" && find . -name '*.proto' -printf '%P\n' | LC_ALL=C sort)
  protoc --proto_path="$proto" \
    --plugin="$plugins/protoc-gen-swift" --swift_out="$generated" \
    --swift_opt="FileNaming=PathToUnderscores,Visibility=$visibility,UseAccessLevelOnImports=true" \
    "${@//GENERATED/$generated}" "${files[@]}"
  # The generator does not know strict memory safety: its shared default is written once, before anybody reads it.
  find "$generated" -name '*.pb.swift' -exec \
    sed -i 's/= _StorageClass\.defaultInstance$/= unsafe _StorageClass.defaultInstance/' {} +
  stamp "$(dirname "$proto")" >"$generated/STAMP"
  echo "generated $(find "$generated" -name '*.swift' | wc -l) files from ${#files[@]}"
}

generate "$wire" Internal \
  --plugin="$plugins/protoc-gen-grpc-swift-2" --grpc-swift-2_out=GENERATED \
  --grpc-swift-2_opt=FileNaming=PathToUnderscores,Visibility=Internal,UseAccessLevelOnImports=true,Server=true,Client=true
generate "$inference" Package
