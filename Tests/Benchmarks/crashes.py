#!/usr/bin/env python3
"""Kills the engine again and again under load: nothing may be refused, only what was in flight may be lost, and the agent's memory
and each new engine's must stay flat.

    python3 Tests/Benchmarks/crashes.py [--crashes 100] [--only rest]

Needs a release build (`make build`) and `numpy` and `onnx` (.deps/python/bin/python has both).
"""

import argparse
import os
import signal
import sys
import time
import urllib.request

import models
from node import ROOT, Node, engine_of, finish_bench, require_build, resident_megabytes

WINDOW = 20
CALLS = 8


def wait_until_serving(node, other_than):
    start = time.monotonic()
    while time.monotonic() - start < 60:
        pid = engine_of(node.agent.pid)
        if pid and pid != other_than:
            try:
                with urllib.request.urlopen(f"http://{node.http}/v2/models/mlp/ready", timeout=30):
                    return pid, time.monotonic() - start
            except OSError:
                pass
        time.sleep(0.01)
    raise RuntimeError(f"no engine serves after a minute:\n{node.log.read_text()[-2000:]}")


def measure(node, form, options):
    pid, _ = wait_until_serving(node, None)
    crashes, away, windows, memory = 0, [], [], []
    agent_before = resident_megabytes(node.agent.pid)
    while crashes < options.crashes:
        bench = node.start_bench("mlp", "--concurrency", str(CALLS), "--duration", f"{WINDOW}s", "--timeout", "60s", grpc=form == "grpc")
        node.wait_until_served("mlp", 1)
        end = time.monotonic() + WINDOW - 4
        while time.monotonic() < end and crashes < options.crashes:
            memory.append(resident_megabytes(pid))
            os.kill(pid, signal.SIGKILL)
            crashes += 1
            pid, seconds = wait_until_serving(node, pid)
            away.append(seconds)
            node.wait_until_served("mlp", 1, load=bench)
        windows += finish_bench(bench)
    total = {name: sum(w[name] for w in windows) for name in ("requests", "refused", "failed", "lost", "unconnected")}
    away.sort()
    print(f"{form}: {crashes} crashes: {total}; at most {crashes * CALLS} were in flight; away {1000 * away[len(away) // 2]:.0f} ms "
          f"(median), {1000 * away[-1]:.0f} ms at most; agent {agent_before:.1f} MB before, {resident_megabytes(node.agent.pid):.1f} MB "
          f"after; engines {memory[0]:.1f} MB first, {memory[-1]:.1f} MB last, {max(memory):.1f} MB at most", flush=True)
    for example in {w["example"] for w in windows if w["example"]}:
        print(f"  first error: {example}")
    return total["refused"] + total["failed"] + total["unconnected"] == 0 and total["lost"] <= crashes * CALLS


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crashes", type=int, default=100)
    parser.add_argument("--only", choices=["rest", "grpc"])
    options = parser.parse_args()
    require_build()
    with Node(models.generate(ROOT / ".deps/bench/models", ["mlp"])) as node:
        met = [measure(node, form, options) for form in ("rest", "grpc") if options.only in (None, form)]
    if not all(met):
        sys.exit("goal: nothing refused or failed, no more lost than was in flight")


main()
