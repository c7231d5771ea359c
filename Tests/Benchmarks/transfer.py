#!/usr/bin/env python3
"""Measures how fast a version of 100 MB comes to a node, next to what the machine itself needs for as many bytes, and what inference on the
node feels of it. All in one run, for one answer.

    python3 Tests/Benchmarks/transfer.py [--megabytes 100] [--runs 3] [--limit 10MB/s] [--seconds 10]

`cp`, `sync` and `sha256sum` of the file, one after the other, are what it costs to have it twice and to know it. `fleet push` is timed from
its start, certificates and TLS and all, until the version lies complete, verified and forced to the disk in the node's model repository.
Needs a release build (`make build`) and `numpy` and `onnx` (.deps/python/bin/python has both).
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import models
from node import FLEET, ROOT, Node, finish_bench, require_build

MODEL = "mlp"


def make_version(library, source, number, megabytes):
    """The same small model once more, with a heavy file beside it: so it is the files that take the time, not the engine."""
    folder = library / str(number)
    folder.mkdir(parents=True)
    manifest = json.loads((source / "manifest.json").read_text())
    for file in manifest["files"]:
        shutil.copy(source / file["path"], folder / file["path"])
    heavy = os.urandom(megabytes << 20)
    (folder / "heavy.bin").write_bytes(heavy)
    manifest["version"] = number
    manifest["files"].append({"path": "heavy.bin", "bytes": len(heavy), "sha256": hashlib.sha256(heavy).hexdigest()})
    manifest["files"].sort(key=lambda file: file["path"])
    (folder / "manifest.json").write_bytes(json.dumps(manifest, separators=(",", ":")).encode())
    return folder


def machine_seconds(file, folder):
    os.sync()
    began = time.monotonic()
    copy = folder / "copy"
    for command in (["cp", file, copy], ["sync"], ["sha256sum", copy]):
        subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL)
    took = time.monotonic() - began
    copy.unlink()
    return took


def push_seconds(node, number, *arguments):
    os.sync()
    target = node.folder / "state/repository/models" / MODEL / str(number)
    command = [FLEET, "push", f"{MODEL}@{number}", "--to", "all", "--fleet", node.folder / "fleet.yaml", *arguments]
    began = time.monotonic()
    push = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    while not target.exists():
        if push.poll() is not None:
            raise RuntimeError(f"{MODEL}@{number} did not come: {push.stderr.read()}")
        time.sleep(0.001)
    took = time.monotonic() - began
    if push.wait() != 0:
        raise RuntimeError(push.stderr.read())
    return took


def median(values):
    return sorted(values)[len(values) // 2]


def measure_speed(node, library, numbers):
    machine, ours = [], []
    for number in numbers:
        machine.append(machine_seconds(library / str(number) / "heavy.bin", node.folder))
        ours.append(push_seconds(node, number))
        print(f"  cp + sync + sha256sum {machine[-1]:.2f} s; pushed {ours[-1]:.2f} s", flush=True)
    ratio = median(ours) / median(machine)
    print(f"median: cp + sync + sha256sum {median(machine):.2f} s; pushed over TLS, verified and synced {median(ours):.2f} s: {ratio:.2f} of it")
    return ratio


def measure_inference(node, number, options):
    def window():
        load = ("--rate", str(options.rate), "--concurrency", "8", "--duration", f"{options.seconds}s")
        return node.start_bench(MODEL, *load)

    (before,) = finish_bench(window())
    bench = window()
    node.wait_until_served(MODEL, options.rate / 2)
    took = push_seconds(node, number, "--limit", options.limit)
    (during,) = finish_bench(bench)
    (after,) = finish_bench(window())
    quiet = max(before["p99_ms"], after["p99_ms"])
    ratio = during["p99_ms"] / quiet
    print(f"inference at {options.rate} requests/s: p99 {before['p99_ms']:.2f} ms before, {during['p99_ms']:.2f} ms while {options.limit} "
          f"came in for {took:.1f} s, {after['p99_ms']:.2f} ms after: {ratio:.2f} of it; "
          f"errors {before['errors']}, {during['errors']}, {after['errors']}")
    return ratio


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--limit", default="10MB/s")
    parser.add_argument("--seconds", type=int, default=14)
    parser.add_argument("--rate", type=int, default=500)
    options = parser.parse_args()
    require_build()
    source = models.generate(ROOT / ".deps/bench/models", [MODEL])[MODEL]
    with tempfile.TemporaryDirectory(prefix="fleet-bench-") as folder:
        library = Path(folder) / MODEL
        shutil.copytree(source, library / "1")
        numbers = range(2, options.runs + 3)
        for number in numbers:
            make_version(library, source, number, options.megabytes)
        with Node({MODEL: library / "1"}) as node:
            speed = measure_speed(node, library, numbers[:-1])
            latency = measure_inference(node, numbers[-1], options)
    if speed > 1 or latency > 1.1:
        sys.exit("goal: no longer than cp, sync and sha256sum; p99 within 1.1 of before")


main()
