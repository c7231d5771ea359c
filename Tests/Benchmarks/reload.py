#!/usr/bin/env python3
"""Reloads a model again and again under load: no request may fail, none may stall, and no memory may stay behind.

    python3 Tests/Benchmarks/reload.py [--reloads 200] [--model mlp] [--only rest]

A stall is the longest that any request took; what it takes without reloads is measured first, as other work on the machine stalls
requests too. Needs a release build (`make build`) and `numpy` and `onnx` (.deps/python/bin/python has both).
"""

import argparse
import sys
import threading
import time
import urllib.request

import models
from node import ROOT, Node, finish_bench, require_build, resident_megabytes

WINDOW = 10


def reload(node, model):
    request = urllib.request.Request(f"http://{node.http}/v2/repository/models/{model}/load", data=b"", method="POST")
    with urllib.request.urlopen(request, timeout=60) as answer:
        answer.read()


def measure(node, form, options):
    def window():
        return node.start_bench(options.model, "--concurrency", "4", "--duration", f"{WINDOW}s", grpc=form == "grpc")

    (quiet,) = finish_bench(window())
    pid = node.engine_pid
    for _ in range(10):  # what the first reloads leave in caches is no growth
        reload(node, options.model)
    before, done, times = resident_megabytes(pid), 0, []
    windows = []
    while done < options.reloads:
        bench = window()
        ended = threading.Event()
        threading.Thread(target=lambda: (bench.wait(), ended.set()), daemon=True).start()
        node.wait_until_served(options.model, 1)
        while not ended.is_set() and done < options.reloads:
            start = time.monotonic()
            reload(node, options.model)
            times.append(time.monotonic() - start)
            done += 1
        windows += finish_bench(bench)
    requests, errors = sum(w["requests"] for w in windows), sum(w["errors"] for w in windows)
    stall, after = max(w["max_ms"] for w in windows), resident_megabytes(pid)
    print(f"{form}: {done} reloads of {options.model}, {1000 * sum(times) / len(times):.0f} ms each, among {requests} requests: "
          f"{errors} errors; longest {stall:.1f} ms (p99 {max(w['p99_ms'] for w in windows):.2f} ms), without reloads "
          f"{quiet['max_ms']:.1f} ms (p99 {quiet['p99_ms']:.2f} ms); memory {before:.1f} MB before, {after:.1f} MB after", flush=True)
    for example in {w["example"] for w in windows if w["example"]}:
        print(f"  first error: {example}")
    return errors == 0 and stall <= 20 and after - before <= 10


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reloads", type=int, default=200)
    parser.add_argument("--model", default="mlp", choices=list(models.MODELS))
    parser.add_argument("--only", choices=["rest", "grpc"])
    options = parser.parse_args()
    require_build()
    with Node(models.generate(ROOT / ".deps/bench/models", [options.model])) as node:
        met = [measure(node, form, options) for form in ("rest", "grpc") if options.only in (None, form)]
    if not all(met):
        sys.exit("goal: 0 errors, longest stall 20 ms, memory flat")


main()
