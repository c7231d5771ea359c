"""Measures MLServer and our server in turns in one run, with the same models, the same OpenVINO and the same drivers, and prints
ours against it. `serving.py --peers` calls this, and so does `make bench PEERS=1`.

MLServer has no binary tensors over REST: there both are sent the same JSON, and ours the same numbers as a binary tensor too, as
its clients do. REST is driven by rest.py, gRPC by `fleet bench`. CPU and memory are those of all processes of a server.
"""

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import models
from node import FLEET, Node, cpu_seconds, resident_megabytes, run
from peers import mlserver_process, rest
from windows import BareEngine, Best

SHAPES = {"mlp": (1, 64), "mobilenetv2": (1, 3, 224, 224)}
JSON, BINARY, GRPC = "REST, JSON", "REST, binary", "gRPC"
OURS, THEIRS = "fleetd", "MLServer"
# Heading and digits behind the point.
COLUMNS = {
    "p50_ms": ("p50 ms", 3), "p99_ms": ("p99 ms", 3), "rate": ("req/s", 0),
    "cpu_us": ("CPU us", 0), "client_us": ("client", 0), "megabytes": ("MB", 0),
}  # fmt: skip
RATIOS = {"p50_ms": "p50", "p99_ms": "p99", "rate": "req/s", "cpu_us": "CPU", "megabytes": "MB"}
HEADING = f"""
{OURS} against {THEIRS} {{version}}: the same models, the same OpenVINO, the same requests in turns, n of them in flight.
REST is driven by a loop in Python, gRPC by 'fleet bench', each for both servers. {THEIRS} has no binary tensors over REST:
there {OURS} with binary tensors is held against {THEIRS} with JSON. CPU us is that of all processes of a server for a request,
client that of the driver, MB what the server has resident; behind the bar the figure of {OURS} divided by that of {THEIRS}.
"""


def require_peers(options):
    """Now, rather than when everything else is measured."""
    if not set(SHAPES) & set(options.models.split(",")):
        sys.exit(f"--peers measures {' and '.join(SHAPES)}; --models has neither")
    if not mlserver_process.PYTHON.exists():
        sys.exit(f"no '{mlserver_process.PYTHON}'; run 'make deps PEERS=1' first")


@dataclass
class Server:
    name: str
    http: str
    grpc: str
    top: int  # The process that started all others.
    engine: int  # The process that answers.

    def processes(self):
        found = [self.top]
        for pid in found:
            for children in Path(f"/proc/{pid}/task").glob("*/children"):
                found += map(int, children.read_text().split())
        return found

    def cpu_seconds(self):
        return sum(map(cpu_seconds, self.processes()))

    def megabytes(self):
        return sum(map(resident_megabytes, self.processes()))


def grpc_window(server, model, concurrency, seconds):
    """`fleet bench` knows the CPU time of the process that answers; the server's others use theirs evenly all the while."""
    command = ["bench", server.grpc, "--grpc", "--model", model, "--concurrency", concurrency, "--duration", f"{seconds:g}s"]
    others, began = server.cpu_seconds() - cpu_seconds(server.engine), time.monotonic()
    (window,) = json.loads(run([FLEET, *command, "--pid", server.engine, "--json"]))["results"]
    others = (server.cpu_seconds() - cpu_seconds(server.engine) - others) / (time.monotonic() - began)
    window["server_cpu_us_per_request"] += others / window["requests_per_s"] * 1e6
    return window


def check_answers(ours, theirs, model, values):
    """Both compute the same: otherwise there is nothing to compare."""
    def scores(server):
        return np.array(json.loads(rest.ask(server.http, rest.json_request(server.http, model, values)))["outputs"][0]["data"])

    found, expected = scores(ours).ravel(), scores(theirs).ravel()
    if found.shape != expected.shape or not np.allclose(found, expected, atol=1e-4):
        raise RuntimeError(f"{model}: {ours.name} and {theirs.name} answer differently: {found[:5]}..., {expected[:5]}...")


def measure_model(ours, theirs, model, folder, forms, options):
    """The bare engine's figures, and those of each server by form and concurrency; the windows are taken in turns."""
    values = np.random.default_rng(models.SEED).random(SHAPES[model], dtype=np.float32)
    check_answers(ours, theirs, model, values)
    bare = BareEngine(folder, options.duration)
    loads = {
        (form, concurrency, server.name): Best()
        for form in forms for concurrency in (1, 8) for server in (theirs, ours) if form != BINARY or server == ours
    }  # fmt: skip
    servers = {server.name: server for server in (ours, theirs)}
    for _ in range(options.repeats):
        bare.measure(1)
        bare.measure(8)
        for (form, concurrency, name), best in loads.items():
            server = servers[name]
            if form == GRPC:
                window = grpc_window(server, model, concurrency, options.duration)
            else:
                request = (rest.json_request if form == JSON else rest.binary_request)(server.http, model, values)
                window = rest.window(server.http, request, concurrency, options.duration, server.cpu_seconds)
            best.add({**window, "megabytes": server.megabytes()})
    return bare.figures(), {load: {**best.figures(), "megabytes": best.most("megabytes")} for load, best in loads.items()}


def line(model, form, concurrency, server, figures, ratios=None):
    cells = "".join(f"{figures[name]:9.{digits}f}" if name in figures else " " * 9 for name, (_, digits) in COLUMNS.items())
    ratios = "  |" + "".join(f"{ratios[name]:7.2f}" for name in RATIOS) if ratios else ""
    print(f"{model:12} {form:12} {concurrency:>2} {server:9}{cells}{ratios}".rstrip(), flush=True)
    if figures.get("errors"):
        print(f"{'':12} {figures['errors']} errors, the first: {figures['example']}")


def compare(folder, options):
    """Prints the table, and gives its figures."""
    names = [name for name in options.models.split(",") if name in SHAPES]
    forms = {"rest": [JSON, BINARY], "grpc": [GRPC], None: [JSON, BINARY, GRPC]}[options.only]
    folders = models.generate(folder, names)
    version = mlserver_process.version()
    print(HEADING.format(version=version))
    headings = "".join(f"{heading:>9}" for heading, _ in COLUMNS.values()) + "  |" + "".join(f"{it:>7}" for it in RATIOS.values())
    print(f"{'model':12} {'form':12} {'n':>2} {'server':9}{headings}", flush=True)
    rows = []
    with Node(folders) as node, mlserver_process.MLServer(folders) as other:
        ours = Server(OURS, node.http, node.grpc, node.agent.pid, node.engine_pid)
        theirs = Server(THEIRS, other.http, other.grpc, other.process.pid, other.process.pid)
        for name in names:
            bare, served = measure_model(ours, theirs, name, folders[name], forms, options)
            line(name, "bare engine", "", "", bare)
            for (form, concurrency, server), figures in served.items():
                ratios = None
                if server == OURS:
                    against = served[JSON if form == BINARY else form, concurrency, THEIRS]
                    ratios = {column: figures[column] / against[column] for column in RATIOS}
                line(name, form, concurrency, server, figures, ratios)
                load = {"model": name, "form": form, "concurrency": concurrency, "server": server}
                rows.append({**load, **figures, "ratios": ratios})
    return {"peer": f"{THEIRS} {version}", "figures": rows}
