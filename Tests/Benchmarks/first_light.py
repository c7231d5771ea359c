#!/usr/bin/env python3
"""Measures what the README claims of a running fleet, on real processes: footprint of the agents, cost of the dashboard, and
how long a killed engine is away. Prints one line a figure. Needs a release build (`make build`); run it on a quiet machine.

    python3 Tests/Benchmarks/first_light.py [--seconds 30] [--traffic 90]
"""

import argparse
import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import tempfile
import termios
import threading
import time

from node import FLEET, ROOT, cpu_seconds, require_build, resident_megabytes


def start_demo(folder, traffic):
    command = [FLEET, "demo", "--headless", "--state", folder, "--traffic", str(traffic), "--fault", "none"]
    began = time.monotonic()
    demo = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    report = json.loads(demo.stdout.readline())
    print(f"demo ready after {time.monotonic() - began:.1f} s")
    return demo, report


def measure_agents(report, seconds):
    pids = {node["name"]: (node["agent_pid"], node["engine_pid"]) for node in report["nodes"]}
    before = {name: [cpu_seconds(pid) for pid in pair] for name, pair in pids.items()}
    time.sleep(seconds)
    shares = {name: [100 * (cpu_seconds(pid) - b) / seconds for pid, b in zip(pair, before[name])] for name, pair in pids.items()}
    memory = {name: [resident_megabytes(pid) for pid in pair] for name, pair in pids.items()}
    for index, part in enumerate(["agent", "engine"]):
        cpu = sorted(share[index] for share in shares.values())
        rss = sorted(m[index] for m in memory.values())
        print(f"{part}: median {cpu[len(cpu) // 2]:.2f}% of a core, worst {cpu[-1]:.2f}%; resident {rss[-1]:.1f} MB at most")


def measure_dashboard(report, seconds, label):
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ["TERM"] = "xterm-256color"
        os.environ["LC_ALL"] = "C.UTF-8"
        os.execv(FLEET, ["fleet", "top", "--fleet", report["fleet_file"]])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
    counted = 0
    counting = False
    start = time.monotonic()
    cpu = 0.0
    while True:
        now = time.monotonic() - start
        if not counting and now > 8:
            counting, counted, cpu = True, 0, cpu_seconds(pid)
        if now > 8 + seconds:
            break
        if select.select([terminal], [], [], 0.1)[0]:
            counted += len(os.read(terminal, 65536))
    share = 100 * (cpu_seconds(pid) - cpu) / seconds
    print(f"dashboard 200x50, {label}: {counted / seconds:.0f} B/s to the terminal, {share:.2f}% of a core, "
          f"resident {resident_megabytes(pid):.1f} MB")
    os.write(terminal, b"q")
    os.waitpid(pid, 0)


def measure_engine_kill(report):
    watch = subprocess.Popen(
        [FLEET, "watch", "--json", "--interval", "100ms", "--fleet", report["fleet_file"]],
        stdout=subprocess.PIPE, text=True, cwd=ROOT)
    lines = []

    def read():
        for line in watch.stdout:
            lines.append((time.monotonic(), json.loads(line)))

    threading.Thread(target=read, daemon=True).start()
    time.sleep(3)
    node = report["nodes"][0]
    killed = time.monotonic()
    os.kill(node["engine_pid"], signal.SIGKILL)
    time.sleep(12)
    watch.terminate()

    def row(document):
        return next(n for n in document["nodes"] if n["name"] == node["name"])

    # An engine is often back before the next frame is due: then the first that tells of the restart shows both.
    before = next(row(d)["engine"]["restarts"] for t, d in lines)
    said = next((t for t, d in lines if t > killed and (
        row(d)["engine"]["state"] != "serving" or row(d)["engine"]["restarts"] > before)), None)
    back = next((t for t, d in lines if said and t >= said and row(d)["engine"]["state"] == "serving"), None)
    age = max(row(d)["age_s"] for t, d in lines if t > killed and row(d)["age_s"] is not None)
    print(f"engine killed: its row says so after {said - killed if said else float('nan'):.2f} s, "
          f"serves again after {back - killed if back else float('nan'):.2f} s; oldest news meanwhile {age:.2f} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--traffic", type=float, default=90)
    options = parser.parse_args()
    require_build()
    with tempfile.TemporaryDirectory() as folder:
        demo, report = start_demo(folder + "/demo", options.traffic)
        try:
            time.sleep(5)
            measure_agents(report, options.seconds)
            measure_dashboard(report, options.seconds, f"six nodes at {options.traffic:.0f} requests/s")
            measure_engine_kill(report)
        finally:
            demo.send_signal(signal.SIGTERM)
            print("shoppers:", demo.stdout.read().strip())
            demo.wait(20)
        demo, report = start_demo(folder + "/idle", 0)
        try:
            time.sleep(15)
            measure_dashboard(report, options.seconds, "no traffic")
        finally:
            demo.send_signal(signal.SIGTERM)
            demo.wait(20)


main()
