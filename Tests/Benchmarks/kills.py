#!/usr/bin/env python3
"""Kills at random under load: two stores of real nodes serve shoppers who check every answer, one rollout after the other goes back and
forth between versions 1 and 2, and at random moments an agent, an engine or the process of the rollout's job is killed with `kill -9`.

    python3 Tests/Benchmarks/kills.py [--kills 60] [--seed N] [--log FILE]

After each kill every node has 5 s to serve version 1 or 2 again, told by pictures in which the two read different digits. An agent that was
killed is started again after 0.1 s, as systemd would; a job's process with `fleet jobs resume`. One kill in four does not wait until all
nodes serve again, so that some come in the middle of a recovery. Passes when no answer was ever wrong, no request lost, none refused while
an agent ran, every node was back within 5 s, every job ended, and each node serves what its job says of it. Requests in flight in an engine
that is killed are cut off; they are counted and sent again. Needs a release build (`make build`).
"""

import argparse
import os
import random
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from node import require_build
from rollouts import Rollouts, job_process
from shoppers import Answers, Client, Cut, Refused, Shoppers
from stores import Stores

NAMES = ["austin-01/a", "austin-01/b", "denver-02/a", "denver-02/b"]
LIMIT = 5.0
PICTURES = 3
STRATEGY = """strategies:
  - name: storm
    waves: 1,100%
    bake: 1s
    gate: errors < 5% and accuracy >= 85%
    abort: failed >= 4
    minimum_samples: 10
    step_timeout: 30s
    return_timeout: 15s
    undecided_timeout: 30s
"""


def is_gone(pid):
    """Also when nobody has taken note of its end yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] in "ZX"
    except OSError:
        return True


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
        return True
    except ProcessLookupError:
        return False


def wait_until_gone(pids, within=10):
    end = time.monotonic() + within
    while not all(is_gone(pid) for pid in pids):
        if time.monotonic() > end:
            raise RuntimeError(f"{pids} do not end within {within} s of a kill")
        time.sleep(0.001)


class Storm:
    def __init__(self, stores, shoppers, rollouts, options):
        self.boxes, self.shoppers, self.rollouts = stores.boxes, shoppers, rollouts
        self.stores, self.answers = stores, shoppers.answers
        self.kills = dict.fromkeys(("agent", "engine", "job"), 0)
        self.back = {"agent": [], "engine": []}
        self.every, self.late, self.wrong, self.in_recovery = [], [], [], 0
        self.dice = random.Random(options.seed)

    def strike(self):
        """One kill; what was hit, and since when."""
        kind = self.dice.choice(("agent", "engine", "job"))
        box = self.dice.choice(self.boxes)
        if kind == "job":
            pid = job_process(self.stores.folder)
            if pid and kill(pid):
                self.kills["job"] += 1
                return None, "job", time.monotonic()
            kind = "engine"  # no rollout is under way at this moment
        engine, agent = box.engine_pid, box.agent.pid
        if kind == "engine" and engine:
            kill(engine)
            struck = time.monotonic()
            wait_until_gone([engine])
            self.kills["engine"] += 1
            return box, "engine", struck
        box.agent_killed = time.monotonic()
        box.agent.kill()
        struck = time.monotonic()
        # An engine outlives its agent by a moment, and what it answers then proves nothing.
        wait_until_gone([agent] + ([engine] if engine else []))
        box.agent_killed = time.monotonic()
        self.kills["agent"] += 1
        return box, "agent", struck

    def check(self, box, since):
        """Seconds until a node has answered all pictures right, as one version that it may serve."""
        client = Client(box.address, timeout=LIMIT)
        pictures = self.dice.sample(self.answers.telling, PICTURES - 1) + [11]  # the last with all its scores
        try:
            return self._answer(box, client, pictures, since)
        finally:
            client.close()

    def _answer(self, box, client, pictures, since):
        """With a diary, for those who come late: what was heard when."""
        diary = []
        for image in pictures:
            while True:
                try:
                    status, body = client.ask(self.answers.bodies[image])
                    heard = "right" if status == 200 else f"{status} {body[:200]!r}"
                except (Cut, Refused) as error:
                    heard = str(error)
                if not diary or diary[-1][1] != heard:
                    diary.append((f"{time.monotonic() - since:.2f} s", heard))
                if heard == "right":
                    break
                if time.monotonic() - since > 4 * LIMIT:
                    return float("inf"), diary
                time.sleep(0.005)
            if self.answers.version_if_right(body, image) is None:
                self.wrong.append(f"{box.name}, image {image}: {body[:300]!r}")
        return time.monotonic() - since, diary

    def once(self, pool):
        struck, kind, since = self.strike()
        if self.dice.random() < 0.25:
            self.in_recovery += 1
            time.sleep(self.dice.uniform(0, 0.6))
            struck, kind, since = self.strike()
        for box, (seconds, diary) in zip(self.boxes, pool.map(lambda box: self.check(box, since), self.boxes)):
            self.every.append(seconds)
            if box is struck:
                self.back[kind].append(seconds)
            if seconds > LIMIT:
                whose, heard = "its" if box is struck else "some", ", ".join(f"{when} {what}" for when, what in diary)
                self.late.append(f"{time.strftime('%H:%M:%S')} {box.name}: {seconds:.1f} s after the kill of {whose} {kind}: {heard}")
        time.sleep(self.dice.uniform(0, 2.4))

    @property
    def total(self):
        return sum(self.kills.values())


def spread(seconds):
    if not seconds:
        return "none"
    ordered = sorted(seconds)
    part = lambda share: ordered[min(len(ordered) - 1, int(share * len(ordered)))]
    return f"median {part(0.5):.2f} s, p99 {part(0.99):.2f} s, worst {ordered[-1]:.2f} s of {len(ordered)}"


def tell(storm, counts, rollouts, began, print):
    kills = ", ".join(f"{count} of {'an' if kind != 'job' else 'a'} {kind}" for kind, count in storm.kills.items())
    print(f"{storm.total} kills in {time.monotonic() - began:.0f} s: {kills}; {storm.in_recovery} in the middle of a recovery")
    print(f"  serves again, agent killed: {spread(storm.back['agent'])}")
    print(f"  serves again, engine killed: {spread(storm.back['engine'])}")
    print(f"  any node after any kill: {spread(storm.every)}; {len(storm.late)} later than {LIMIT:.0f} s")
    print(f"  requests: {counts.by_name}, by version {dict(sorted(counts.versions.items()))}; wrong in checks: {len(storm.wrong)}")
    print(f"  the longest that a shopper waited for an answer, asking again: {counts.longest[0]:.1f} s, {counts.longest[1]}")
    print(f"  rollouts: {rollouts.words}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--rate", type=float, default=25, help="requests a second to each node")
    parser.add_argument("--log", type=Path, help="a file that tells how far it is, every 20 kills")
    options = parser.parse_args()
    require_build()
    print(f"seed {options.seed}", flush=True)

    def log(words):
        if options.log:
            with options.log.open("a") as file:
                file.write(f"{time.strftime('%H:%M:%S')} {words}\n")

    answers = Answers()
    with Stores(NAMES, STRATEGY) as stores, Shoppers(stores.boxes, answers, options.rate) as shoppers, \
            Rollouts(stores, answers, "storm") as rollouts, ThreadPoolExecutor(len(NAMES)) as pool:
        storm, began, told = Storm(stores, shoppers, rollouts, options), time.monotonic(), 0
        while storm.total < options.kills and not rollouts.trouble:
            storm.once(pool)
            if storm.total >= told + 20:
                told = storm.total
                tell(storm, shoppers.counts, rollouts, began, log)
                for words in storm.late + storm.wrong:
                    log(f"  NOT MET {words}")
        rollouts.finish()
        time.sleep(1)
    counts = shoppers.counts
    tell(storm, counts, rollouts, began, lambda words: print(words, flush=True))
    for name, example in counts.examples.items():
        print(f"  first {name}: {example}")
    for reason, count in rollouts.reasons.most_common(12):
        print(f"  {count} nodes of rollouts ended with: {reason}")
    failures = storm.late + storm.wrong + rollouts.trouble
    for failure in failures:
        print(f"  NOT MET  {failure}")
    bad = {name: counts[name] for name in ("wrong", "lost", "refused", "failed") if counts[name]}
    if failures or bad:
        sys.exit(f"FAILED: {len(failures)} checks not met; {bad or 'no request lost, wrong, refused or failed'}")
    print(f"passed: {storm.total} kills, seed {options.seed}: 0 wrong, 0 lost, every node back within {max(storm.every):.1f} s, all jobs ended")


main()
