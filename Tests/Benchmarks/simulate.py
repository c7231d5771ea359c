#!/usr/bin/env python3
"""Measures what a simulated fleet costs, and what it costs a console to watch so many nodes: time to start, CPU, memory, and bytes
to the terminal of a dashboard on a pty. Prints one line a figure. Needs a release build (`make build`) or FLEET_BUILD.

    python3 Tests/Benchmarks/simulate.py [--nodes 200 1000 2000] [--seconds 20]
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
import time

from node import FLEET, ROOT, cpu_seconds, require_build, resident_megabytes


def start(folder, nodes):
    began = time.monotonic()
    command = [FLEET, "demo", "--headless", "--state", folder, "--simulate", str(nodes), "--faulty", "5%"]
    demo = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    report = json.loads(demo.stdout.readline())
    print(f"{nodes} nodes: all answered after {time.monotonic() - began:.1f} s, {cpu_seconds(demo.pid):.1f} s of CPU; "
          f"resident {resident_megabytes(demo.pid):.0f} MB", flush=True)
    return demo, report


class Dashboard:
    """`fleet top` on a pty of 160x50, read as fast as it writes."""

    def __init__(self, fleet_file):
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.environ["TERM"], os.environ["LC_ALL"] = "xterm-256color", "C.UTF-8"
            os.execv(FLEET, ["fleet", "top", "--fleet", fleet_file])
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 160, 0, 0))

    def read(self, seconds, until=None):
        """Bytes written within `seconds`, or until the text has come."""
        written, recent, end = 0, b"", time.monotonic() + seconds
        while time.monotonic() < end and not (until and until in recent):
            if select.select([self.terminal], [], [], 0.05)[0]:
                data = os.read(self.terminal, 65536)
                written, recent = written + len(data), (recent + data)[-65536:]
        return written

    def keys(self, text):
        os.write(self.terminal, text)

    def end(self):
        self.keys(b"q")
        os.waitpid(self.pid, 0)


def measure(nodes, seconds):
    with tempfile.TemporaryDirectory() as folder:
        demo, report = start(folder + "/demo", nodes)
        try:
            before = cpu_seconds(demo.pid)
            time.sleep(5)
            print(f"{nodes} nodes, nobody watching: simulation {100 * (cpu_seconds(demo.pid) - before) / 5:.1f}% of a core")
            watch(demo, report, nodes, seconds)
            began = time.monotonic()
            status = subprocess.run([FLEET, "status", "--json", "--fleet", report["fleet_file"]], capture_output=True, text=True, cwd=ROOT)
            heard = sum(1 for node in json.loads(status.stdout)["nodes"] if node["simulated"])
            print(f"{nodes} nodes: 'fleet status --json' took {time.monotonic() - began:.1f} s and heard {heard}, "
                  f"{len(status.stdout) / 1e6:.1f} MB")
        finally:
            demo.send_signal(signal.SIGTERM)
            began = time.monotonic()
            demo.wait(30)
            print(f"{nodes} nodes: ended within {time.monotonic() - began:.1f} s of SIGTERM", flush=True)


def watch(demo, report, nodes, seconds):
    began = time.monotonic()
    dashboard = Dashboard(report["fleet_file"])
    # Until the dashboard's own CPU says that the rush of the start is over.
    share = 1000.0
    last = cpu_seconds(dashboard.pid)
    while time.monotonic() - began < 60:
        dashboard.read(2)
        now = cpu_seconds(dashboard.pid)
        before, share, last = share, 50 * (now - last), now
        if share < 70 and abs(before - share) < 8:
            break
    print(f"{nodes} nodes: dashboard at rest after {time.monotonic() - began:.0f} s and {last:.1f} s of CPU")
    for label, keys in [("by name", b""), ("by p99", b"sss"), ("filtered by region=south", b"sss/region=south\r")]:
        dashboard.keys(keys)
        dashboard.read(1)
        cpu = cpu_seconds(demo.pid), cpu_seconds(dashboard.pid)
        clock = time.monotonic()
        written = dashboard.read(seconds)
        passed = time.monotonic() - clock
        simulation, console = (100 * (cpu_seconds(pid) - c) / passed for pid, c in zip((demo.pid, dashboard.pid), cpu))
        print(f"{nodes} nodes, 160x50, {label}: simulation {simulation:.1f}%, dashboard {console:.1f}% of a core; "
              f"{written / passed:.0f} B/s to the terminal; resident {resident_megabytes(demo.pid):.0f} and "
              f"{resident_megabytes(dashboard.pid):.0f} MB", flush=True)
    dashboard.end()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, nargs="+", default=[200, 1000, 2000])
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()
    require_build()
    for nodes in options.nodes:
        measure(nodes, options.seconds)


main()
