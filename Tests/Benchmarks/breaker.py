#!/usr/bin/env python3
"""Makes half of a simulated fleet ill at once, with auto-drain on and a console that watches: how many nodes drain themselves, and what the
others say.

    python3 Tests/Benchmarks/breaker.py [--nodes 200] [--minutes 5]

Passes when never more nodes are away than the fleet's share of an hour (5%) allows, no store has two away, and no node leaves or comes back
oftener than twice. The boxes are simulated; their agents' rules, the wire and the console are real.
"""

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from node import FLEET, ROOT, require_build


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--hour", type=float, default=18, help="of the day: how busy the stores are")
    options = parser.parse_args()
    require_build()
    limit = max(1, options.nodes * 5 // 100)
    with tempfile.TemporaryDirectory() as folder:
        base = (ROOT / "fleet.yaml").read_text().replace("path: Tests/", f"path: {ROOT}/Tests/")
        file = Path(folder) / "fleet.yaml"
        file.write_text(base + "\nauto_drain: {mode: on, after: 10s, rest: 20s, probation: 60s}\n")
        demo = subprocess.Popen(
            [FLEET, "demo", "--headless", "--state", folder + "/demo", "--fleet", file, "--simulate", str(options.nodes),
             "--faulty", "50%", "--seed", "7", "--hour", str(options.hour)],
            stdout=subprocess.PIPE, text=True, cwd=ROOT)
        report = json.loads(demo.stdout.readline())
        watcher = subprocess.Popen(
            [FLEET, "watch", "--json", "--interval", "1s", "--fleet", report["fleet_file"]],
            stdout=subprocess.PIPE, text=True, cwd=ROOT)
        end = time.time() + options.minutes * 60
        transitions, before, most, most_of_store, stages, looks = {}, {}, 0, 0, {}, 0
        for line in watcher.stdout:
            nodes = json.loads(line)["nodes"]
            looks += 1
            away, stages = {}, {}
            for node in nodes:
                stage = (node["auto_drain"] or {}).get("stage")
                stages[stage] = stages.get(stage, 0) + 1
                if node["availability"] is None:
                    continue
                serves = node["availability"] == "serving"
                if before.get(node["name"], serves) != serves:
                    transitions[node["name"]] = transitions.get(node["name"], 0) + 1
                before[node["name"]] = serves
                if not serves:
                    away[node["store"]] = away.get(node["store"], 0) + 1
            most, most_of_store = max(most, sum(away.values())), max(most_of_store, *away.values(), 0)
            if time.time() >= end:
                break
        watcher.terminate()
        demo.send_signal(signal.SIGTERM)
        demo.wait(60)
    last = {node["name"]: node for node in nodes}
    for name, count in sorted(transitions.items()):
        node = last[name]
        if count > 1:
            print(f"  {name}: {count} transitions; {node['injected_fault']}; {node['auto_drain']['stage']}: {node['auto_drain']['text']}")
    worst = max(transitions.values(), default=0)
    print(f"{options.nodes} nodes, half of them faulty, {options.minutes:g} min, {looks} looks: at most {most} away at once (limit {limit}), "
          f"{most_of_store} of one store; {len(transitions)} nodes left, with {worst} transitions at most; at the end {stages}")
    passed = 0 < most <= limit and most_of_store <= 1 and worst <= 2
    print("passed" if passed else "FAILED")
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    main()
