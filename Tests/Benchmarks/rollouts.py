"""Rollouts back and forth between versions 1 and 2 for the benchmarks, one job after the other, each followed to its end."""

import json
import threading
import time
from collections import Counter
from pathlib import Path

from shoppers import Client, Cut, Refused
from stores import MODEL

END_SECONDS = 300


def job_process(folder):
    """The process that drives a job of those in `folder`; None when none does."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if words[1:3] == [b"job", b"run"] and str(folder / "jobs").encode() in words:
            return int(entry.name)
    return None


class Rollouts:
    """Orders the next when the last has ended, and resumes one whose process was killed. `trouble` tells what should not be."""

    def __init__(self, stores, answers, strategy):
        self.stores, self.answers, self.strategy = stores, answers, strategy
        self.ends, self.reasons, self.seconds, self.trouble = Counter(), Counter(), [], []
        self.resumed = self.early = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.finish()

    def finish(self):
        """The one under way still ends."""
        self._over.set()
        self._thread.join()

    @property
    def words(self):
        ends = ", ".join(f"{count} {state}" for state, count in self.ends.most_common())
        longest = f"; the longest took {max(self.seconds):.0f} s" if self.seconds else ""
        return f"{ends or 'none has ended'}; resumed {self.resumed} times, {self.early} of them before their process had begun{longest}"

    def _run(self):
        version = 1
        try:
            while not self._over.is_set():
                version = 3 - version
                self._one(version)
        except Exception as error:  # tells the main thread, which has no other way to know
            self.trouble.append(f"{type(error).__name__}: {error}")

    def _one(self, version):
        began = time.monotonic()
        order = self.stores.try_fleet("push", f"{MODEL}@{version}", "--to", "all", "--strategy", self.strategy, "--detach")
        job = order.stdout.strip() if order.returncode == 0 else self._recorded(order)
        while True:
            watch = self.stores.try_fleet("jobs", "watch", job, "--json")
            lines = watch.stdout.splitlines()
            state = json.loads(lines[-1])["state"] if lines else "unknown"
            if state == "interrupted":
                if self.stores.try_fleet("jobs", "resume", job).returncode == 0:
                    self.resumed += 1
            elif state in ("succeeded", "failed", "cancelled", "undone"):
                break
            elif watch.returncode not in (0, 1):
                raise RuntimeError(f"{job}: {watch.stdout}{watch.stderr}")
            if time.monotonic() - began > END_SECONDS:
                show = self.stores.try_fleet("jobs", "show", job).stdout
                raise RuntimeError(f"{job} has not ended {END_SECONDS} s after its beginning:\n{show}")
        self.seconds.append(time.monotonic() - began)
        self.ends[state] += 1
        self._compare(job, version, state)

    def _recorded(self, order):
        """A job whose process was killed before it had said that it is there: it is in the journal all the same."""
        newest = json.loads(self.stores.fleet("jobs", "--json"))["jobs"][0]
        if "ended before it began" not in order.stderr or newest["id"] not in order.stderr:
            raise RuntimeError(f"a rollout cannot be ordered: {order.stdout}{order.stderr}")
        self.early += 1
        return newest["id"]

    def _compare(self, job, version, state):
        """What the job says of each node against what the node serves."""
        report = json.loads(self.stores.fleet("jobs", "show", job, "--json"))
        nodes = [node for wave in report["report"]["waves"] for store in wave["stores"] for node in store["nodes"]]
        self.reasons.update(node["text"] for node in nodes if node["phase"] not in ("passed", "skipped"))
        for node in nodes:
            if node["phase"] == "superseded":
                self.trouble.append(f"{job} says that somebody else's order was newer on {node['node']}, but nobody else gives any")
            wanted = {"passed": version, "skipped": version}.get(node["phase"])
            if node["phase"] == "rolledBack":
                wanted = int(str(node["previous"]).split("@")[-1]) if isinstance(node["previous"], str) else None
            if wanted is None:
                continue
            served = self._served(node["node"])
            if served not in (str(wanted), None) and not self._went_back(node["node"], wanted):
                self.trouble.append(f"{job} says that {node['node']} is '{node['phase']}', but it serves version {served}")

    def _served(self, name):
        """None when it does not answer now: that is others' to tell."""
        box = next(box for box in self.stores.boxes if box.name == name)
        client, image = Client(box.address, timeout=5), self.answers.telling[0]
        try:
            status, body = client.ask(self.answers.bodies[image])
            return self.answers.version_if_right(body, image) if status == 200 else None
        except (Cut, Refused):
            return None
        finally:
            client.close()

    def _went_back(self, name, version):
        """Whether the node itself has given the version up meanwhile, as it does after the third crash within a minute."""
        node = next(node for node in self.stores.status() if node["name"] == name)
        return any(entry["version"] == version and entry["problem"] for entry in node["repository"])
