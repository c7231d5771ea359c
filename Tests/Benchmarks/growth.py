#!/usr/bin/env python3
"""Ten minutes in the life of a node, and whether anything grew: a steady load over REST and gRPC, somebody who watches, reloads of the model
under it, and thousands of connections more than it takes. Memory, descriptors and threads of agent and engine are read every 5 s.

    python3 Tests/Benchmarks/growth.py [--minutes 10] [--rate 150] [--reloads 200] [--connections 10000]

Growth is the median of the last fifth against that of the second: what the first minutes leave in caches is none. Passes when neither process
grew by more than 3 MB of memory of its own (RssAnon: pages of programs and libraries come and go as the kernel likes), descriptors by none,
threads by no more than two, and no request failed. Needs a release build (`make build`) and `numpy` and `onnx` (.deps/python/bin/python has both).
"""

import argparse
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request

import models
from node import FLEET, ROOT, Node, finish_bench, proportional_megabytes, require_build, resident_megabytes

LIMIT = 64
WINDOW = 20
MOST = {"agent MB": 3, "engine MB": 3, "agent descriptors": 0, "engine descriptors": 0, "agent threads": 2, "engine threads": 2}


def sample(agent, engine):
    found = {"together MB, shared pages once": proportional_megabytes([agent, engine])}
    for name, pid in (("agent", agent), ("engine", engine)):
        found[f"{name} MB"] = resident_megabytes(pid, "RssAnon")
        found[f"{name} MB resident"] = resident_megabytes(pid)
        found[f"{name} descriptors"] = len(os.listdir(f"/proc/{pid}/fd"))
        found[f"{name} threads"] = len(os.listdir(f"/proc/{pid}/task"))
    return found


class Work(threading.Thread):
    """Does one thing again and again, `times` over `seconds`, until told to end. What goes wrong is kept."""

    def __init__(self, times, seconds, act):
        super().__init__(daemon=True)
        self.pause, self.times, self.act, self.done, self.trouble = seconds / max(times, 1), times, act, 0, []
        self.over = threading.Event()

    def run(self):
        begin = time.monotonic()
        while self.done < self.times and not self.over.wait(max(0, begin + self.done * self.pause - time.monotonic())):
            try:
                self.act()
            except (OSError, RuntimeError) as error:
                self.trouble.append(f"{type(error).__name__}: {error}")
            self.done += 1


def reload(node):
    request = urllib.request.Request(f"http://{node.http}/v2/repository/models/mlp/load", data=b"", method="POST")
    with urllib.request.urlopen(request, timeout=60) as answer:
        answer.read()


def is_turned_away(one, within):
    """One that is let in is heard nothing of."""
    one.settimeout(within)
    try:
        return not one.recv(1)
    except ConnectionError:
        return True
    except TimeoutError:
        return False


def crowd(address, count, turned_away):
    """Fills the house, knocks `count` times, and lets all go. Counts those who were turned away."""
    host, port = address.split(":")
    kept = []
    try:
        while len(kept) <= LIMIT:
            kept.append(socket.create_connection((host, int(port)), timeout=10))
            if is_turned_away(kept[-1], 0.02):
                break
        for _ in range(count):
            with socket.create_connection((host, int(port)), timeout=10) as one:
                if not is_turned_away(one, 10):
                    raise RuntimeError("a full house let one in")
                turned_away.append(1)
    finally:
        for one in kept:
            one.close()


def middle(rows, name):
    return sorted(row[name] for row in rows)[len(rows) // 2]


def judge(samples):
    fifth = max(1, len(samples) // 5)
    early, late = samples[fifth : 2 * fifth], samples[-fifth:]
    missed = []
    for name in samples[0]:
        minutes = samples[:: max(1, len(samples) // 10)]
        print(f"  {name}: {', '.join(f'{row[name]:.4g}' for row in minutes)}")
    for name, most in MOST.items():
        growth = middle(late, name) - middle(early, name)
        holds = growth <= most
        missed += [] if holds else [name]
        print(f"  {'met    ' if holds else 'NOT MET'}  {name}: {middle(early, name):.1f} then {middle(late, name):.1f}, highest "
              f"{max(row[name] for row in samples):.1f}; may grow by {most}", flush=True)
    return missed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--rate", type=float, default=150, help="requests a second, half of them over gRPC")
    parser.add_argument("--reloads", type=int, default=200)
    parser.add_argument("--connections", type=int, default=10_000)
    options = parser.parse_args()
    require_build()
    seconds, crowds, turned_away = 60 * options.minutes, max(1, round(2 * options.minutes)), []
    with Node(models.generate(ROOT / ".deps/bench/models", ["mlp"]), "--limits", f"connections={LIMIT}") as node:
        engine = node.engine_pid
        watch = subprocess.Popen([FLEET, "watch", "--json", "--interval", "1s", "--fleet", node.folder / "fleet.yaml"],
                                 stdout=subprocess.DEVNULL, cwd=ROOT)
        loads = [
            node.start_bench("mlp", "--concurrency", "4", "--rate", f"{options.rate / 2:.0f}", "--duration", f"{seconds:.0f}s", grpc=grpc)
            for grpc in (False, True)
        ]
        node.wait_until_served("mlp", 1)
        house = threading.Lock()  # a full house turns those away who want a reload, too

        def alone(act):
            with house:
                act()

        works = [Work(options.reloads, seconds * 0.95, lambda: alone(lambda: reload(node))),
                 Work(crowds, seconds * 0.95, lambda: alone(lambda: crowd(node.http, options.connections // crowds, turned_away)))]
        for work in works:
            work.start()
        samples = []
        while any(load.poll() is None for load in loads):
            samples.append(sample(node.agent.pid, engine))
            time.sleep(5)
        for work in works:
            work.over.set()
            work.join(60)
        found = [finish_bench(load)[0] for load in loads]
        watch.terminate()
        watch.wait()
        is_same = node.engine_pid == engine
    counts = {name: sum(window[name] for window in found) for name in ("requests", "errors", "unsent")}
    print(f"{options.minutes:g} min: {counts}, {works[0].done} reloads, {len(turned_away)} connections turned away, "
          f"{len(samples)} samples", flush=True)
    for example in {window["example"] for window in found if window["example"]}:
        print(f"  first error: {example}")
    for trouble in sorted({words for work in works for words in work.trouble}):
        print(f"  trouble: {trouble}")
    missed = judge(samples) + ([] if is_same else ["the engine ended"]) + (["errors"] if counts["errors"] else [])
    missed += ["reloads or connections went wrong"] if any(work.trouble for work in works) else []
    if missed:
        sys.exit(f"FAILED: {', '.join(missed)}")
    print("passed")


main()
