"""Windows of measurement, what is best in several of them, and those of the bare engine, which serving is held against."""

import argparse
import json

from node import FLEETD, run


def seconds(text):
    """Of a duration as our programs take it: '5s', '500ms'."""
    number, worth = (text.removesuffix("ms"), 0.001) if text.endswith("ms") else (text.removesuffix("s"), 1)
    if number == text or not number.replace(".", "", 1).isdecimal():
        raise argparse.ArgumentTypeError(f"expected a time such as '5s' or '500ms', found '{text}'")
    return float(number) * worth


class Best:
    """The best of several windows, taken in turns with those of what it is compared with: no machine is the same for long."""

    def __init__(self):
        self.windows = []

    def add(self, window):
        self.windows.append(window)

    def least(self, name):
        values = [window[name] for window in self.windows if window.get(name) is not None]
        return min(values) if values else None

    def most(self, name):
        return max(window[name] for window in self.windows)

    def total(self, name):
        return sum(window[name] for window in self.windows)

    def figures(self):
        """Of windows that `fleet bench` gave, or that have its names."""
        return {
            "p50_ms": self.least("p50_ms"),
            "p99_ms": self.least("p99_ms"),
            "cpu_us": self.least("server_cpu_us_per_request"),
            "client_us": self.least("client_cpu_us_per_request"),
            "rate": self.most("requests_per_s"),
            "errors": self.total("errors"),
            "example": next((window["example"] for window in self.windows if window["example"]), None),
            "joules": self.windows[0].get("joules_per_inference"),
        }


class BareEngine:
    """Loops that call the engine and nothing else: a single one, which is the best that one client can see, and those of several
    callers, the best that a busy server can give."""

    def __init__(self, folder, seconds):
        self.folder, self.seconds = folder, seconds
        self.single, self.busy = Best(), Best()

    def measure(self, concurrency):
        if concurrency == 1:
            self.single.add(self._window("--hint", "latency"))
            self.busy.add(self.single.windows[-1])
        else:
            for hint, callers in (("latency", "2"), ("throughput", "2"), ("throughput", "4")):
                self.busy.add(self._window("--hint", hint, "--callers", callers))

    def figures(self):
        return {
            "p50_ms": self.single.least("p50_us") / 1000,
            "cpu_us": self.single.least("cpu_us_per_inference"),
            "rate": self.busy.most("inferences_per_s"),
        }

    def _window(self, *arguments):
        return json.loads(run([FLEETD, "bench-engine", "--model", self.folder, "--duration", f"{self.seconds:g}s", *arguments]))
