#!/usr/bin/env python3
"""Does to a running fleet what operators and accidents do, under the shoppers' traffic, and prints what the shoppers lost:
a push of version 2 to every store, a drain and undrain of every node in turn, `kill -9` of every engine, `kill -9` of agents.

    python3 Tests/Benchmarks/no_request_lost.py [--traffic 300]

Needs a release build (`make build`). Fails when anything was lost or wrong in the pushes and drains.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FLEET = ROOT / ".build/release/fleet"


def run(name, traffic, act, least):
    """Starts a demo, lets `act` work on it, goes on until `least` requests were sent; gives the shoppers' counts."""
    with tempfile.TemporaryDirectory() as folder:
        demo = subprocess.Popen(
            [FLEET, "demo", "--headless", "--state", folder + "/demo", "--traffic", str(traffic), "--fault", "none"],
            stdout=subprocess.PIPE, text=True, cwd=ROOT)
        report = json.loads(demo.stdout.readline())
        began = time.monotonic()

        def fleet(*arguments):
            result = subprocess.run([FLEET, *arguments, "--fleet", report["fleet_file"]], capture_output=True, text=True, cwd=ROOT)
            if result.returncode != 0:
                print(f"fleet {' '.join(arguments)}: status {result.returncode}\n{result.stdout}{result.stderr}")
            return result

        act(report, fleet)
        acted = time.monotonic() - began
        time.sleep(max(1, least / traffic * 1.15 - acted))
        demo.send_signal(signal.SIGTERM)
        counts = json.loads(demo.stdout.read().splitlines()[-1])["traffic"]
        demo.wait(20)
        print(f"{name}: {acted:.0f} s of work; {counts}", flush=True)
        return counts


def push(report, fleet):
    fleet("push", "tag-reader@2", "--to", "all")
    fleet("rollback", "tag-reader", "--to", "all")
    fleet("push", "tag-reader@2", "--to", "all")


def drain(report, fleet):
    for node in report["nodes"]:
        fleet("drain", node["name"], "--reason", "benchmark", "--deadline", "30s")
        time.sleep(0.5)
        fleet("undrain", node["name"])
        time.sleep(0.5)


def kill_engines(report, fleet):
    for node in report["nodes"]:
        os.kill(node["engine_pid"], signal.SIGKILL)
        time.sleep(2)


def kill_agents(report, fleet):
    for node in report["nodes"][::2]:
        os.kill(node["agent_pid"], signal.SIGKILL)
        time.sleep(4)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--traffic", type=float, default=300)
    parser.add_argument("--least", type=int, default=10_000, help="requests in the pushes and drains each")
    options = parser.parse_args()
    if not FLEET.exists():
        sys.exit("no release build; run 'make build' first")
    clean = [run("push, rollback, push", options.traffic, push, options.least),
             run("drain and undrain each node", options.traffic, drain, options.least)]
    run("kill -9 of each engine", options.traffic, kill_engines, options.least / 2)
    run("kill -9 of an agent in each store", options.traffic, kill_agents, options.least / 2)
    if any(counts["lost"] or counts["wrong"] for counts in clean):
        sys.exit("something was lost or wrong")


main()
