#!/usr/bin/env python3
"""Holds our server against the least that any could cost on this machine: a loop in C that reads a request, calls the engine and writes
(floor/floor.c). The CPU per request of a small model, and the p50 of a picture model against the bare engine's, in turns.

    python3 Tests/Benchmarks/floor.py [--rounds 4] [--duration 3s]

Goals that are below the floor are no server's to reach here. It needs a C compiler: clang comes with Swift.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

import models
from node import FLEET, ROOT, Node, free_ports, machine, require_build, run
from windows import BareEngine, seconds

SHAPES = {"mlp": "1,64", "mobilenetv2": "1,3,224,224"}


class Floor:
    """The loop in C for one model; `shape` is 'none' for one that calls no engine."""

    def __init__(self, program, node, model, folder, shape):
        library = next((ROOT / ".deps/openvino/libs").glob("libopenvino_c.so*"))
        self.model, self.port = model, free_ports(1)
        metadata = program.parent / f"{model}.json"
        metadata.write_bytes(urllib.request.urlopen(f"http://{node.http}/v2/models/{model}").read())
        command = [program, library, folder / "model.onnx", self.port, metadata, shape]
        self.process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True)
        if not self.process.stdout.readline():
            sys.exit(f"the floor of {model} does not start")

    def bench(self, *arguments):
        command = ["bench", f"127.0.0.1:{self.port}", "--model", self.model, "--pid", self.process.pid, "--json", *arguments]
        (window,) = json.loads(run([FLEET, *command]))["results"]
        return window

    def stop(self):
        self.process.kill()
        self.process.wait()


def compile_floor(folder):
    compiler = shutil.which("clang") or sys.exit("no clang: it comes with Swift, beside 'swift'")
    run([compiler, "-O2", "-o", folder / "floor", ROOT / "Tests/Benchmarks/floor/floor.c", "-ldl"])
    return folder / "floor"


def measure(node, model, floors, concurrency, options, bare=None):
    """Windows by server, taken in turns; the bare engine's too where `bare` is its folder."""
    arguments = ["--concurrency", str(concurrency), "--duration", f"{options.duration:g}s"]
    windows = {}
    for _ in range(options.rounds):
        if bare:
            engine = BareEngine(bare, options.duration)
            engine.measure(1)
            windows.setdefault("bare engine", []).append(engine.figures())
        for name, floor in floors.items():
            windows.setdefault(name, []).append(floor.bench(*arguments))
        for form in ("REST", "gRPC"):
            (window,) = node.bench(model, *arguments, grpc=form == "gRPC")
            windows.setdefault(form, []).append(window)
    return windows


def print_cpu(windows, concurrency):
    for name, taken in windows.items():
        found = sorted(window["server_cpu_us_per_request"] for window in taken)
        rate = max(window["requests_per_s"] for window in taken)
        print(f"mlp at {concurrency}  {name:16} CPU per request: best {found[0]:6.1f}, median {statistics.median(found):6.1f} us   {rate:7.0f}/s", flush=True)


def print_p50(windows):
    bare = [window["p50_ms"] for window in windows["bare engine"]]
    for name, taken in windows.items():
        found = [window["p50_ms"] for window in taken]
        ratios = [one / other for one, other in zip(found, bare)]
        print(f"mobilenetv2 at 1  {name:16} p50 best {min(found):6.2f} ms ({min(found) / min(bare):.2f} of bare), median {statistics.median(found):6.2f} ms;"
              f" of bare in the same round {statistics.median(ratios):.2f} (median)", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--duration", type=seconds, default="3s", help="of each window (default: 3s)")
    options = parser.parse_args()
    require_build()
    print(machine())
    folders = models.generate(ROOT / ".deps/bench/models", list(SHAPES))
    with tempfile.TemporaryDirectory(prefix="fleet-floor-") as folder, Node(folders) as node:
        program = compile_floor(Path(folder))

        def floor(model, shape):
            return Floor(program, node, model, folders[model], shape)

        small = {"C, no engine": floor("mlp", "none"), "C": floor("mlp", SHAPES["mlp"])}
        pictures = {"C": floor("mobilenetv2", SHAPES["mobilenetv2"])}
        try:
            for concurrency in (1, 8):
                print_cpu(measure(node, "mlp", small, concurrency, options), concurrency)
            print_p50(measure(node, "mobilenetv2", pictures, 1, options, bare=folders["mobilenetv2"]))
        finally:
            for one in [*small.values(), *pictures.values()]:
                one.stop()
    print(machine())


main()
