"""One node on this machine for the benchmarks: a real `fleetd` with its engine, its certificates and a fleet.yaml to reach it by.

Uses the release build (`make build`) or, with FLEET_BUILD, the programs of another folder.
"""

import json
import os
import platform
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("FLEET_BUILD", ROOT / ".build/release")).absolute()
FLEET, FLEETD = BUILD / "fleet", BUILD / "fleetd"
TICKS = os.sysconf("SC_CLK_TCK")


def require_build():
    for program in (FLEET, FLEETD):
        if not program.exists():
            sys.exit(f"no '{program}'; run 'make build' first")


def machine():
    """The processor, and how busy the machine was: figures without both say little."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    name = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    return f"{os.cpu_count()} cores of {name}; load average {os.getloadavg()[0]:.1f} over the last minute"


def run(command, cwd=ROOT):
    """What the command prints. Its words may be of any type."""
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True, cwd=cwd)
    if result.returncode != 0:
        words = " ".join(str(word) for word in command)
        raise RuntimeError(f"{words}: status {result.returncode}\n{result.stdout}{result.stderr}")
    return result.stdout


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_megabytes(pid, kind="VmRSS"):
    """`kind` may be one of its parts: RssAnon, RssFile, RssShmem."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{kind}:"):
            return int(line.split()[1]) / 1024
    return float("nan")


def proportional_megabytes(pids):
    """What processes have resident together: a page that several share counts once (Pss in proc(5))."""
    total = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total / 1024


def engine_of(agent):
    """The agent's child that is an engine; None between two."""
    for task in Path(f"/proc/{agent}/task").iterdir():  # a child belongs to the thread that started it
        try:
            for child in (task / "children").read_text().split():
                if b"engine" in Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0"):
                    return int(child)
        except OSError:
            pass
    return None


def free_ports(count):
    """The first of `count` ports in a row that nobody listens on."""
    while True:
        first = random.randrange(20_000, 32_000)
        sockets = []
        try:
            for port in range(first, first + count):
                sockets.append(socket.socket())
                sockets[-1].bind(("127.0.0.1", port))
            return first
        except OSError:
            continue
        finally:
            for taken in sockets:
                taken.close()


class Node:
    """`models` are version folders by model name, as models.generate gives them; all are pushed before the node is handed over."""

    NAME = "bench/a"

    def __init__(self, models, *arguments):
        self.models, self.arguments = models, arguments

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="fleet-bench-")
        self.folder = Path(self._folder.name)
        first = free_ports(4)
        self.http, self.grpc, self.metrics = (f"127.0.0.1:{first + index}" for index in range(3))
        control = f"127.0.0.1:{first + 3}"
        for arguments in (["create", "bench"], ["issue", "--operator", "bench"], ["issue", "--node", self.NAME]):
            run([FLEET, "ca", *arguments], cwd=self.folder)
        issued = self.folder / "certificates"
        listed = "\n".join(f"  - {{name: {n}, path: {json.dumps(str(v.parent))}}}" for n, v in self.models.items())
        (self.folder / "fleet.yaml").write_text(
            f"version: 1\nfleet: bench\nmodels:\n{listed}\nstores:\n  - name: bench\n    nodes:\n"
            f'      - {{name: a, address: "{control}"}}\n')
        self.log = self.folder / "fleetd.log"
        command = [
            FLEETD, "run", "--node", self.NAME, "--state", self.folder / "state", "--control", control, "--http", self.http,
            "--grpc", self.grpc, "--metrics", self.metrics, "--authority", issued / "ca.pem",
            "--certificate", issued / "nodes" / f"{self.NAME}.pem", "--key", issued / "nodes" / f"{self.NAME}.key",
            "--watts-idle", "2.5W", "--watts-full", "12W", "--exit-with-stdin", *self.arguments,
        ]
        self.agent = subprocess.Popen(
            [str(word) for word in command], stdin=subprocess.PIPE, stdout=self.log.open("w"), stderr=subprocess.STDOUT, cwd=ROOT)
        try:
            self._wait_until_reachable()
            for name, folder in self.models.items():
                self.fleet("push", f"{name}@{folder.name}", "--to", "all")
            self._wait_until_serving()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.agent.send_signal(signal.SIGTERM)
        try:
            self.agent.wait(20)
        except subprocess.TimeoutExpired:
            self.agent.kill()
            self.agent.wait()
        self._folder.cleanup()

    def fleet(self, *arguments):
        return run([FLEET, *arguments, "--fleet", self.folder / "fleet.yaml"])

    def _wait_until_reachable(self):
        deadline = time.monotonic() + 30
        while True:
            try:
                return self.status()
            except RuntimeError:
                if time.monotonic() > deadline or self.agent.poll() is not None:
                    raise RuntimeError(f"the agent does not answer:\n{self.log.read_text()}") from None

    def _wait_until_serving(self):
        deadline = time.monotonic() + 30
        while True:
            status = self.status()
            if status["engine"]["state"] == "serving" and {model["name"] for model in status["models"]} == set(self.models):
                return
            if time.monotonic() > deadline:
                raise RuntimeError(f"it does not serve {', '.join(self.models)}: {json.dumps(status)}\n{self.log.read_text()}")

    def status(self):
        return json.loads(self.fleet("status", "--json"))["nodes"][0]

    @property
    def engine_pid(self):
        return self.status()["engine"]["pid"]

    def served(self, model):
        """Requests that the node says it answered so far, of all versions; refreshed each second."""
        return sum(entry["requests"] for entry in self.status()["models"] if entry["name"] == model)

    def wait_until_served(self, model, more, within=30, load=None):
        """Until it has answered `more` requests than now: a load has set in, or goes on; or `load`, a process, has ended."""
        enough, deadline = self.served(model) + more, time.monotonic() + within
        while self.served(model) < enough and (load is None or load.poll() is None):
            if time.monotonic() > deadline:
                raise RuntimeError(f"it did not answer {more} requests for {model} within {within} s\n{self.log.read_text()[-2000:]}")

    def bench(self, model, *arguments, grpc=False):
        """`fleet bench` with this node's engine: its results, one for each concurrency."""
        target = [self.grpc, "--grpc"] if grpc else [self.http]
        command = ["bench", *target, "--model", model, "--pid", str(self.engine_pid), "--json", *arguments]
        return json.loads(run([FLEET, *command]))["results"]

    def start_bench(self, model, *arguments, grpc=False):
        """The same beside what the caller does meanwhile; `finish_bench` waits for it."""
        target = [self.grpc, "--grpc"] if grpc else [self.http]
        command = [FLEET, "bench", *target, "--model", model, "--json", *arguments]
        return subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True, cwd=ROOT)


def finish_bench(process):
    output = process.communicate(timeout=900)[0]
    return json.loads(output)["results"] if output else []
