"""Stores of nodes on this machine for the benchmarks: real `fleetd` processes with their engines, each started again when it ends, as
systemd would.

Uses the release build (`make build`) or, with FLEET_BUILD, the programs of another folder.
"""

import json
import os
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from node import FLEET, FLEETD, ROOT, engine_of, free_ports, run

MODEL = "tag-reader"
FIXTURES = ROOT / "Tests/Fixtures/models"
RESTART_SECONDS = 0.1  # systemd's RestartSec, unless a unit says otherwise


class Box:
    """One node. Its agent is started again whenever it ends, until `stop`."""

    def __init__(self, name, address, grpc, control, command, log):
        self.name, self.address, self.grpc, self.control, self.command, self.log = name, address, grpc, control, command, log
        self.agent = None
        # For those who find nobody listening: when the agent was killed, and when the last answered request was begun.
        self.agent_killed = self.answered = float("-inf")
        self.starts = 0
        self._ending = threading.Event()
        self._guard = threading.Thread(target=self._keep, daemon=True)
        self._begin()
        self._guard.start()

    def _begin(self):
        self.agent = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=self.log.open("a"), stderr=subprocess.STDOUT, cwd=ROOT)
        self.starts += 1

    def _keep(self):
        while True:
            self.agent.wait()
            if self._ending.wait(RESTART_SECONDS):
                return
            self._begin()

    @property
    def engine_pid(self):
        """None between two engines, or two agents."""
        try:
            return engine_of(self.agent.pid)
        except OSError:
            return None

    def stop(self):
        self._ending.set()
        self.agent.terminate()
        try:
            self.agent.wait(20)
        except subprocess.TimeoutExpired:
            self.agent.kill()
            self.agent.wait()
        self._guard.join()


class Stores:
    """`names` are nodes as STORE/NODE. All serve `version` of the stand-in model when they are handed over. `strategies` goes into
    fleet.yaml as it is; jobs lie in the same folder, which goes with the stores."""

    def __init__(self, names, strategies="", version=1, *arguments):
        self.names, self.strategies, self.version, self.arguments = names, strategies, version, arguments
        self.boxes = []

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="fleet-bench-", ignore_cleanup_errors=True)
        self.folder = Path(self._folder.name)
        os.environ["FLEET_STATE"] = str(self.folder / "jobs")
        for words in (["create", "bench"], ["issue", "--operator", "bench"], *(["issue", "--node", n] for n in self.names)):
            run([FLEET, "ca", *words], cwd=self.folder)
        ports = free_ports(4 * len(self.names))
        places = {name: [f"127.0.0.1:{ports + 4 * index + part}" for part in range(4)] for index, name in enumerate(self.names)}
        self.file = self.folder / "fleet.yaml"
        self.file.write_text(self._fleet_file(places))
        try:
            for name in self.names:
                self.boxes.append(self._box(name, places))
            for box in self.boxes:
                self._wait_until_reachable(box)
            self.fleet("push", f"{MODEL}@{self.version}", "--to", "all")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for box in self.boxes:
            box.stop()
        self._folder.cleanup()

    def _fleet_file(self, places):
        lines = ["version: 1", "fleet: bench", "models:", f"  - {{name: {MODEL}, path: {json.dumps(str(FIXTURES / MODEL))}}}"]
        lines += [self.strategies.strip("\n")] if self.strategies else []
        lines.append("stores:")
        for store in dict.fromkeys(name.split("/")[0] for name in self.names):
            lines += [f"  - name: {store}", "    nodes:"]
            for name in self.names:
                if name.startswith(store + "/"):
                    lines.append(f'      - {{name: {name.split("/")[1]}, address: "{places[name][3]}"}}')
        return "\n".join(lines) + "\n"

    def _box(self, name, places):
        issued, state = self.folder / "certificates", self.folder / "nodes" / name
        state.mkdir(parents=True)
        http_place, grpc, metrics, control = places[name]
        command = [
            FLEETD, "run", "--node", name, "--state", state / "state", "--control", control, "--http", http_place, "--grpc", grpc,
            "--metrics", metrics, "--authority", issued / "ca.pem", "--certificate", issued / "nodes" / f"{name}.pem",
            "--key", issued / "nodes" / f"{name}.key", "--watts-idle", "2.5W", "--watts-full", "12W", "--exit-with-stdin",
            *self.arguments,
        ]
        for other in self.names:
            if other != name and other.split("/")[0] == name.split("/")[0]:
                command += ["--sibling", f"{other}={places[other][0]}"]
        return Box(name, http_place, grpc, control, [str(word) for word in command], state / "fleetd.log")

    def _wait_until_reachable(self, box):
        deadline = time.monotonic() + 60
        while box.name not in {node["name"] for node in self.status() if node["health"] not in ("unreachable", "connecting")}:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{box.name} does not answer:\n{box.log.read_text()[-2000:]}")

    def fleet(self, *arguments):
        return run([FLEET, *arguments, "--fleet", self.file])

    def try_fleet(self, *arguments):
        """The same for what may fail: its result."""
        command = [str(word) for word in (FLEET, *arguments, "--fleet", self.file)]
        return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)

    def status(self):
        return json.loads(self.try_fleet("status", "--json").stdout)["nodes"]
