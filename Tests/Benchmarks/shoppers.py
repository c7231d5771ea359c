"""What a store's apps see of its nodes, for the benchmarks: requests at a steady rate, every answer checked against what the version that
gave it makes of the picture.
"""

import http.client
import json
import random
import select
import socket
import threading
import time

from stores import FIXTURES, MODEL


class Answers:
    """Which digit each version reads in each picture, and in some with which scores, computed by another runtime than ours."""

    def __init__(self):
        golden = FIXTURES / "golden"
        images = json.loads((golden / f"{MODEL}.json").read_text())["images"]
        self.scores = json.loads((golden / f"{MODEL}.scores.json").read_text())
        self.bodies = [
            json.dumps({"inputs": [{"name": "pixels", "shape": [1, 1, 8, 8], "datatype": "FP32", "data": image}]}).encode()
            for image in images
        ]
        self.digits = json.loads((golden / f"{MODEL}.answers.json").read_text())
        # Pictures in which versions 1 and 2 read different digits: they tell one version's answer from the other's.
        self.telling = [i for i in range(len(images)) if self.digits["1"][i] != self.digits["2"][i]]

    def version_if_right(self, body, image):
        """The version that answered, when it reads the digit that it should, with the scores that it should give where those are
        known; else None."""
        try:
            answer = json.loads(body)
            version = answer["model_version"]
            scores = next(output["data"] for output in answer["outputs"] if output["name"] == "scores")
            digit, known = self.digits[version][image], self.scores[version][image : image + 1]
        except (ValueError, KeyError, TypeError, StopIteration, IndexError):
            return None
        right = len(scores) == 10 and scores.index(max(scores)) == digit
        right = right and all(abs(a - b) <= 1e-3 for row in known for a, b in zip(scores, row))
        return version if right else None


class Refused(Exception):
    """Nobody listens."""


class Cut(Exception):
    """The connection ended, or nothing came, after the request was sent."""


class Client:
    """One kept-alive connection to one node's REST port, for one request at a time."""

    def __init__(self, address, timeout=10):
        self.address, self.timeout, self.connection = address, timeout, None

    def ask(self, body):
        """Status and body of the answer."""
        if self.connection and select.select([self.connection.sock], [], [], 0)[0]:
            self.close()  # the node has closed it, or says what nobody asked
        if not self.connection:
            connection = http.client.HTTPConnection(self.address, timeout=self.timeout)
            try:
                connection.connect()
            except OSError as error:
                raise Refused(str(error)) from None
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connection = connection
        try:
            self.connection.request("POST", f"/v2/models/{MODEL}/infer", body, {"Content-Type": "application/json"})
            response = self.connection.getresponse()
            answer = response.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Cut(f"{type(error).__name__}: {error}") from None
        if response.will_close:
            self.close()
        return response.status, answer

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None


class Counts:
    """What all shoppers have seen."""

    NAMES = ("sent", "right", "wrong", "lost", "cut", "refused_without_agent", "refused", "failed")

    def __init__(self):
        self.by_name = dict.fromkeys(self.NAMES, 0)
        self.versions = {}
        self.examples = {}
        self.longest = (0.0, "")
        self._lock = threading.Lock()

    def add(self, name, example=None):
        with self._lock:
            self.by_name[name] += 1
            if example is not None:
                self.examples.setdefault(name, example)

    def add_right(self, version, seconds, where):
        with self._lock:
            self.longest = max(self.longest, (seconds, where))
            self.by_name["right"] += 1
            self.versions[version] = self.versions.get(version, 0) + 1

    def __getitem__(self, name):
        return self.by_name[name]


class Shoppers:
    """`each` threads a box, together `rate` requests a second to it. A request that is cut or refused is sent to the same box again;
    one without an answer after `patience` seconds is lost."""

    def __init__(self, boxes, answers, rate=25, each=2, patience=10, heard=None):
        self.answers, self.interval, self.patience, self.heard = answers, each / rate, patience, heard
        self.counts, self.over = Counts(), threading.Event()
        self.threads = [threading.Thread(target=self._shop, args=(box,), daemon=True) for box in boxes for _ in range(each)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def _shop(self, box):
        client, due = Client(box.address), time.monotonic()
        while not self.over.wait(max(0, due - time.monotonic())):
            self._buy(box, client, random.randrange(len(self.answers.bodies)))
            due = max(due + self.interval * random.uniform(0.5, 1.5), time.monotonic() - 4 * self.interval)
        client.close()

    def _buy(self, box, client, image):
        self.counts.add("sent")
        began = time.monotonic()
        end = began + self.patience
        while time.monotonic() < end:
            asked = time.monotonic()
            try:
                status, body = client.ask(self.answers.bodies[image])
            except Cut as error:
                self.counts.add("cut", str(error))
            except Refused as error:
                self._refused(box, error)
            else:
                box.answered = max(box.answered, asked)
                return self._answered(box, status, body, image, began)
            time.sleep(random.uniform(0.01, 0.03))
        self.counts.add("lost", f"{box.name}, image {image}")

    def _refused(self, box, error):
        """Nobody listens where there is no agent; otherwise there is no excuse."""
        is_away = box.answered < box.agent_killed
        self.counts.add("refused_without_agent" if is_away else "refused", f"{box.name}: {error}")

    def _answered(self, box, status, body, image, began):
        if status != 200:
            return self.counts.add("failed", f"{box.name}: {status} {body[:200]!r}")
        version = self.answers.version_if_right(body, image)
        if version is None:
            return self.counts.add("wrong", f"{box.name}, image {image}: {body[:300]!r}")
        self.counts.add_right(version, time.monotonic() - began, f"{box.name} at {time.strftime('%H:%M:%S')}")
        if self.heard:
            self.heard(box, version)
