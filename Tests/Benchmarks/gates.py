#!/usr/bin/env python3
"""Rolls versions out to a running fleet under the shoppers' traffic: a good one, one that is slow, one that is wrong, and one that uses a
fifth more energy for a picture by the machine's own counter (and to compare, one that uses a tenth more). Tells what the shoppers
lost, which stores were touched, and how long after its gate's verdict the last node served the version before again.

    python3 Tests/Benchmarks/gates.py [--traffic 300] [--only slow]

Passes when the good version reached every node, each of the others was stopped in the first wave with one store touched and was rolled back
within 5 s of the verdict, and no shopper lost a request or got a wrong answer. (Answers are held against what the version that gave
them makes of a picture: those of the wrong version are right in that sense.) Needs a release build (`make build`).
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from node import FLEET, ROOT, require_build
from shoppers import Answers, Client, Cut, Refused

WITHIN = 5.0
RULES = ["--waves", "1,100%", "--bake", "5s"]
KINDS = {
    "good": (2, "p99 < 50ms and errors < 0.5% and accuracy >= 95%", "all"),
    "slow": (3, "p50 < 2 * before and errors < 0.5%", "all"),
    "wrong": (4, "errors < 0.5% and accuracy >= 95%", "all"),
    # One node of the first store, since all boxes of a demo read the same counter and only one may be behind it.
    "thirsty": (2, "j_per_inf < 1.15 * before", "not austin-01/b"),
    "thrifty": (2, "j_per_inf < 1.15 * before", "austin-01/a"),
}
# What an answer of version 2 costs by the counter, in joules; one of version 1 costs 1 J.
COSTS = {"thirsty": 1.2, "thrifty": 1.1}
missed = []


class EnergyCounter:
    """A machine's energy counter (RAPL) as the kernel shows it, in a folder of ours; every answer of a node adds to it."""

    def __init__(self, folder, cost):
        self.sysfs, self.costs, self.joules = folder, {"1": 1.0, "2": cost}, 0.0
        self.zone = folder / "class/powercap/intel-rapl:0"
        self.zone.mkdir(parents=True)
        (self.zone / "name").write_text("package-0\n")
        (self.zone / "max_energy_range_uj").write_text("262143328850\n")
        self._write()

    def _write(self):
        (self.zone / "next").write_text(f"{self.joules * 1e6:.0f}\n")
        os.replace(self.zone / "next", self.zone / "energy_uj")

    def feed(self, address, over):
        """Asks one node for one picture after the other, and counts what each costs."""
        client, body = Client(address), Answers().bodies[0]
        while not over.wait(0.005):
            try:
                answer = json.loads(client.ask(body)[1])
            except (Cut, Refused):  # the demo ends
                continue
            self.joules += self.costs[answer["model_version"]]
            self._write()


def verdict(what, holds, found):
    if not holds:
        missed.append(what)
    print(f"  {'met    ' if holds else 'NOT MET'}  {what}: {found}", flush=True)


def journal(job):
    """Kind, node and time of each event."""
    found = []
    for entry in job["events"]:
        (kind, content), = entry["event"]["event"].items()
        found.append((kind, content, entry["event"]["seconds"]))
    return found


def settled(fleet, wanted, within=3):
    """The nodes, once they say that they serve the versions that they should: news may be a second old."""
    end = time.monotonic() + within
    while True:
        nodes = json.loads(fleet("status", "--json").stdout)["nodes"]
        served = {node["name"]: node["models"][0]["version"] for node in nodes}
        if served == wanted or time.monotonic() > end:
            return nodes, served


def check(kind, version, names, fleet, status_code):
    job = json.loads(fleet("jobs", "show", "push-0001", "--json").stdout)
    is_good = kind in ("good", "thrifty")
    wanted = {name: version if kind == "good" or is_good and name == "austin-01/a" else 1 for name in names}
    nodes, served = settled(fleet, wanted)
    verdict("each node serves what it should", served == wanted and status_code == (0 if is_good else 1), served)
    print(f"  {job['state']}: {job['reason'] or 'every gate passed'}")
    if is_good:
        return
    touched = {node["store"] for node in nodes if any(held["version"] == version for held in node["repository"])}
    events = journal(job)
    failed = [at for what, content, at in events if what == "judged" and content["_1"]["outcome"] == "failed"]
    restored = [at for what, content, at in events if what == "restored"]
    verdict("stores touched, at most one", len(touched) == 1, sorted(touched))
    took = max(restored) - failed[0] if failed and restored else float("inf")
    verdict(f"rolled back within {WITHIN:.0f} s of the verdict", took <= WITHIN, f"{took:.2f} s")


def run(kind, options):
    version, gate, query = KINDS[kind]
    print(f"{kind}: version {version}, gate '{gate}'", flush=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        environment, traffic = dict(os.environ), options.traffic
        if kind in COSTS:
            counter = EnergyCounter(Path(folder) / "sys", COSTS[kind])
            environment["FLEET_SYSFS"], traffic = str(counter.sysfs), 0
        demo = subprocess.Popen(
            [FLEET, "demo", "--headless", "--state", folder + "/demo", "--traffic", str(traffic), "--fault", "none"],
            stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment)
        report = json.loads(demo.stdout.readline())

        def fleet(*words):
            return subprocess.run([FLEET, *words, "--fleet", report["fleet_file"]], capture_output=True, text=True, cwd=ROOT)

        over = threading.Event()
        if kind in COSTS:
            threading.Thread(target=counter.feed, args=(report["nodes"][0]["http"], over), daemon=True).start()
        time.sleep(8)  # what was before has to be measured too
        began = time.monotonic()
        push = fleet("push", f"tag-reader@{version}", "--to", query, *RULES, "--gate", gate)
        print(f"  ended after {time.monotonic() - began:.0f} s", flush=True)
        check(kind, version, [node["name"] for node in report["nodes"]], fleet, push.returncode)
        over.set()
        demo.send_signal(signal.SIGTERM)
        counts = json.loads(demo.stdout.read().splitlines()[-1])["traffic"]
        demo.wait(20)
        verdict("lost or wrong", counts["lost"] == counts["wrong"] == 0, counts)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--traffic", type=float, default=300, help="requests a second of all shoppers together")
    parser.add_argument("--only", choices=list(KINDS))
    options = parser.parse_args()
    require_build()
    for kind in KINDS:
        if options.only in (None, kind):
            run(kind, options)
    if missed:
        sys.exit(f"FAILED: not met: {', '.join(missed)}")
    print("passed")


main()
