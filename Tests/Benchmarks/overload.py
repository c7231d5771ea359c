#!/usr/bin/env python3
"""Sends ten times the load that a node can serve, in an open loop: what is accepted must stay quick, the rest be refused at once,
and memory stay bounded. Then opens 10,000 connections more than the node takes.

    python3 Tests/Benchmarks/overload.py [--seconds 20] [--times 10] [--connections 10000]

Needs a release build (`make build`) and `numpy` and `onnx` (.deps/python/bin/python has both).
"""

import argparse
import resource
import socket
import sys
import threading
import time

import models
from node import ROOT, Node, finish_bench, require_build, resident_megabytes

WAIT_MS = 200
QUEUE = 64


class MemoryWatch:
    """The most that a process had resident while this was open."""

    def __init__(self, pid):
        self.pid, self.most, self.over = pid, 0.0, threading.Event()
        self.thread = threading.Thread(target=self._watch)

    def _watch(self):
        while not self.over.wait(0.1):
            self.most = max(self.most, resident_megabytes(self.pid))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def overload(node, form, options):
    grpc = form == "grpc"
    (capacity,) = node.bench("slow", "--concurrency", "8", "--duration", "5s", grpc=grpc)
    pid, rate = node.engine_pid, options.times * capacity["requests_per_s"]
    before = resident_megabytes(pid)
    with MemoryWatch(pid) as memory:
        flood = node.start_bench(
            "slow", "--rate", f"{rate:.0f}", "--concurrency", "90" if grpc else "1000", "--duration", f"{options.seconds}s", grpc=grpc)
        (found,) = finish_bench(flood)
    offered = found["requests"] + found["errors"] + found["unsent"]
    print(f"{form}: serves {capacity['requests_per_s']:.0f}/s; offered {offered / found['seconds']:.0f}/s ({found['unsent']} of them "
          f"found no free connection): {found['requests']} accepted, {found['refused']} refused, {found['failed']} failed, "
          f"{found['lost']} lost, {found['unconnected']} not connected", flush=True)
    if found["example"]:
        print(f"  first refusal: {found['example']}")
    print(f"  memory: {before:.0f} MB before, {memory.most:.0f} MB at most")
    verdict("accepted p99", found["p99_ms"], 2 * WAIT_MS, "ms")
    verdict("refused p99", found["refused_p99_ms"] or 0, 5, "ms")
    verdict("goodput against capacity", -found["requests_per_s"] / capacity["requests_per_s"], -0.9, "times, negated")
    verdict("other than accepted and refused", found["failed"] + found["lost"] + found["unconnected"], 0, "requests")


def wait_until_full(host, port, within=10):
    """Until one that comes is turned away at once; one that is let in is heard nothing of."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        with socket.create_connection((host, port), timeout=10) as one:
            one.settimeout(0.2)
            try:
                if not one.recv(1):
                    return
            except ConnectionError:
                return
            except TimeoutError:
                pass
    raise RuntimeError(f"{host}:{port} still takes connections after {within} s")


def refused_connections(models_by_name, options):
    """A full house: those who come now are turned away, and cost nothing that stays."""
    limit = 64
    with Node(models_by_name, "--limits", f"connections={limit}") as node:
        host, port = node.http.split(":")
        kept = [socket.create_connection((host, int(port))) for _ in range(limit)]
        pid = node.engine_pid
        wait_until_full(host, int(port))

        def knock(count):
            for _ in range(count):
                with socket.create_connection((host, int(port)), timeout=10) as one:
                    one.settimeout(10)
                    try:
                        while one.recv(4096):
                            pass
                    except ConnectionError:
                        pass

        knock(1000)
        before, start = resident_megabytes(pid), time.monotonic()
        knock(options.connections)
        after = resident_megabytes(pid)
        print(f"{options.connections} connections over the limit in {time.monotonic() - start:.1f} s: "
              f"{before:.1f} MB before, {after:.1f} MB after", flush=True)
        for one in kept:
            one.close()
        verdict("growth", after - before, 2, "MB")


missed = []


def verdict(what, value, limit, unit):
    if value > limit:
        missed.append(what)
    print(f"  {'met    ' if value <= limit else 'NOT MET'}  {what}: {value:.3g}, at most {limit} {unit}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--times", type=float, default=10)
    parser.add_argument("--connections", type=int, default=10_000)
    parser.add_argument("--only", choices=["rest", "grpc"])
    options = parser.parse_args()
    require_build()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 16_384), most))
    folders = models.generate(ROOT / ".deps/bench/models", ["slow"])
    with Node(folders, "--model", f"slow queue={QUEUE} wait={WAIT_MS}ms") as node:
        for form in ("rest", "grpc"):
            if options.only in (None, form):
                overload(node, form, options)
    if options.connections:
        refused_connections(folders, options)
    if missed:
        sys.exit(f"not met: {', '.join(missed)}")


main()
