#!/usr/bin/env python3
"""Runs the demo with its fault for a while and looks at every node once a second: how long after the fault `fleet why` names the faulty
node with the true cause, and how many findings there are against the healthy ones.

    python3 Tests/Benchmarks/accusations.py [--minutes 60] [--traffic 90] [--fault 'denver-02/b latency=120ms after=45s']

Passes when the fault is named within 15 s and no healthy node is accused of anything, not even for a second. Needs a release build
(`make build`) and a machine with nothing else to do: whatever takes its processor away makes nodes slow, and the rules say so.
"""

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

from node import FLEET, ROOT, require_build

WITHIN = 15.0


def seconds(text):
    """`45s`, `2m` in seconds."""
    return float(text[:-1]) * {"s": 1, "m": 60, "h": 3600}[text[-1]]


class Demo:
    def __init__(self, folder, traffic, fault):
        self.process = subprocess.Popen(
            [FLEET, "demo", "--headless", "--state", folder, "--traffic", str(traffic), "--fault", fault],
            stdout=subprocess.PIPE, text=True, cwd=ROOT)
        self.report = json.loads(self.process.stdout.readline())

    def fleet(self, *arguments):
        command = [FLEET, *arguments, "--fleet", self.report["fleet_file"]]
        return subprocess.run(command, capture_output=True, text=True, cwd=ROOT).stdout

    def started(self, name):
        """When the agent of a node started, as Unix time: its first change says so."""
        folder = next(node["state"] for node in self.report["nodes"] if node["name"] == name)
        first = json.loads((Path(folder) / "changes.json").read_text())[0]
        assert first["kind"] == "agent_started", first
        return first["time"] + 978_307_200  # counted from 2001

    def watch(self):
        """The fleet's status once a second until the demo ends."""
        command = [FLEET, "watch", "--json", "--interval", "1s", "--fleet", self.report["fleet_file"]]
        self.watcher = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        for line in self.watcher.stdout:
            yield json.loads(line)

    def stop(self):
        self.watcher.terminate()
        self.process.send_signal(signal.SIGTERM)
        counts = json.loads(self.process.stdout.read().splitlines()[-1])["traffic"]
        self.process.wait(30)
        return counts


def is_named(why):
    """Late answers, by the latency's rule, held up by no accelerator."""
    return (bool(why["findings"]) and why["findings"][0]["rule"] == "latency"
            and why["median_ms"] is not None and why["median_ms"]["main"] == "elsewhere")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--traffic", type=float, default=90)
    parser.add_argument("--fault", default="denver-02/b latency=120ms after=45s")
    options = parser.parse_args()
    require_build()
    sick, *words = options.fault.split()
    wait = next((seconds(word[6:]) for word in words if word.startswith("after=")), 0)
    with tempfile.TemporaryDirectory() as folder:
        demo = Demo(folder + "/demo", options.traffic, options.fault)
        fault = demo.started(sick) + wait
        end = time.time() + options.minutes * 60
        print(f"{len(demo.report['nodes'])} nodes, {options.traffic:.0f} requests/s, {options.minutes:g} min; "
              f"{options.fault}, in {fault - time.time():.0f} s", flush=True)
        named, looks, accusations, early = None, 0, {}, 0
        for status in demo.watch():
            now = time.time()
            for node in status["nodes"]:
                looks += 1
                for finding in node["findings"]:
                    if node["name"] == sick:
                        early += now < fault
                        continue
                    key = (node["name"], finding["rule"], finding["subject"])
                    if key not in accusations:
                        print(f"  {datetime.now():%H:%M:%S} {node['name']} is accused: {finding['text']}", flush=True)
                    accusations[key] = accusations.get(key, 0) + 1
            if named is None and now >= fault:
                why = json.loads(demo.fleet("why", sick, "--json"))
                if is_named(why):
                    named = time.time() - fault
                    print(f"named after {named:.1f} s: {why['summary']}", flush=True)
            if now >= end:
                break
        counts = demo.stop()
    print(f"{looks} looks at nodes; {len(accusations)} findings against healthy nodes, seen {sum(accusations.values())} times; "
          f"{early} looks found the faulty one before its fault; shoppers: {counts}")
    passed = named is not None and named <= WITHIN and not accusations and not early
    print("passed" if passed else f"FAILED: the fault must be named within {WITHIN:.0f} s, and nobody else accused")
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    main()
