#!/usr/bin/env python3
"""Drains and undrains the nodes of a store in turn while its apps go on sending to both, over kept-alive REST, gRPC and gRPC streams of
30 s, and counts what they lost: requests that failed, were answered twice, wrong, or not within 10 s.

    .deps/python/bin/python Tests/Benchmarks/drains.py [--cycles 1000] [--rate 1000] [--log FILE]

Nobody asks twice: each request is sent once and has to be answered once. At the end what the nodes say that they answered is held against
what the apps have got. Needs a release build (`make build`) and the clients of `make deps`.
"""

import argparse
import array
import asyncio
import json
import random
import sys
import time
from pathlib import Path

import grpc
from grpc import aio
from node import FLEET, ROOT, require_build
from shoppers import Answers
from stores import MODEL, Stores
from tritonclient.grpc import service_pb2 as pb

NAMES = ["austin-01/a", "austin-01/b"]
SERVICE = "/inference.GRPCInferenceService"
PATIENCE = 10.0
STREAM_SECONDS = 30.0
# What each kind of app has of the requests.
SHARES = {"rest": 0.5, "grpc": 0.4, "stream": 0.1}
# Connections to each node.
EACH = {"rest": 5, "grpc": 4, "stream": 2}


class Counts:
    def __init__(self):
        self.by_kind = {kind: dict.fromkeys(("sent", "right", "failed", "duplicated", "hung", "wrong"), 0) for kind in SHARES}
        self.streams, self.examples = 0, {}
        self.waits = []

    def add(self, kind, name, example=None):
        self.by_kind[kind][name] += 1
        if example is not None and len(self.examples.setdefault(name, [])) < 5:
            self.examples[name].append(f"{time.strftime('%H:%M:%S')} {kind}: {example}")

    def total(self, name):
        return sum(counts[name] for counts in self.by_kind.values())

    @property
    def bad(self):
        return {name: self.total(name) for name in ("failed", "duplicated", "hung", "wrong") if self.total(name)}


class Apps:
    """All that the store's apps send, on one event loop."""

    def __init__(self, boxes, rate):
        self.boxes, self.rate, self.answers, self.counts = boxes, rate, Answers(), Counts()
        self.over, self.last = asyncio.Event(), 0
        images = [json.loads(body)["inputs"][0]["data"] for body in self.answers.bodies]
        self.raw = [array.array("f", image).tobytes() for image in images]

    def next(self):
        self.last += 1
        return f"r{self.last}", random.randrange(len(self.raw))

    async def run(self):
        work = []
        for kind, app in (("rest", self.rest), ("grpc", self.unary), ("stream", self.stream)):
            interval = len(self.boxes) * EACH[kind] / (self.rate * SHARES[kind])
            work += [app(box, interval) for box in self.boxes for _ in range(EACH[kind])]
        await asyncio.gather(*work)

    async def each_answered(self):
        """Until each kind of app has one more right answer; a kind that gets none within the time that a request may take has failed by then."""
        before = {kind: counts["right"] for kind, counts in self.counts.by_kind.items()}
        end = time.monotonic() + PATIENCE + 2
        while time.monotonic() < end and any(self.counts.by_kind[kind]["right"] == count for kind, count in before.items()):
            await asyncio.sleep(0.02)

    async def pace(self, due, interval):
        """When the next request is due; those that could not be sent in time are left out."""
        due = max(due + interval * random.uniform(0.5, 1.5), time.monotonic() - interval)
        wait = due - time.monotonic()
        if wait > 0:
            await asyncio.sleep(wait)
        return due

    def answered(self, kind, began, body_id, wanted, version, image, digit):
        if body_id != wanted:
            return self.counts.add(kind, "duplicated", f"asked for {wanted}, got {body_id}")
        if version is None or self.answers.digits[version][image] != digit:
            return self.counts.add(kind, "wrong", f"{wanted}, image {image}: {digit} by version {version}")
        self.counts.waits.append(time.monotonic() - began)
        self.counts.add(kind, "right")

    # REST

    async def rest(self, box, interval):
        host, port = box.address.rsplit(":", 1)
        reader = writer = None
        due = time.monotonic()
        while not self.over.is_set():
            due = await self.pace(due, interval)
            name, image = self.next()
            self.counts.add("rest", "sent")
            began = time.monotonic()
            try:
                async with asyncio.timeout(PATIENCE):
                    if writer is None:
                        reader, writer = await asyncio.open_connection(host, int(port))
                    elif reader._buffer:
                        self.counts.add("rest", "duplicated", f"{bytes(reader._buffer[:200])} came unasked")
                    body = b'{"id":"%s",' % name.encode() + self.answers.bodies[image][1:]
                    writer.write(b"POST /v2/models/%s/infer HTTP/1.1\r\nHost: store\r\nContent-Type: application/json\r\n"
                                 b"Content-Length: %d\r\n\r\n" % (MODEL.encode(), len(body)) + body)
                    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                    length = int(head.split("content-length: ")[1].split("\r\n")[0])
                    answer = await reader.readexactly(length)
                if " 200 " not in head.split("\r\n")[0]:
                    self.counts.add("rest", "failed", f"{box.name}: {head.splitlines()[0]} {answer[:300]}")
                else:
                    document = json.loads(answer)
                    scores = document["outputs"][0]["data"]
                    self.answered("rest", began, document.get("id"), name, document["model_version"], image, scores.index(max(scores)))
                keeps = "connection: close" not in head
            except TimeoutError:
                self.counts.add("rest", "hung", f"{box.name}: {name}")
                keeps = False
            except (OSError, asyncio.IncompleteReadError) as error:
                self.counts.add("rest", "failed", f"{box.name}: {type(error).__name__} {error}")
                keeps = False
            if not keeps and writer:
                writer.close()
                writer = None

    # gRPC

    def request(self, name, image):
        request = pb.ModelInferRequest(model_name=MODEL, id=name)
        request.inputs.add(name="pixels", datatype="FP32", shape=[1, 1, 8, 8])
        request.raw_input_contents.append(self.raw[image])
        return request

    def take(self, kind, began, answer, name, image):
        scores = array.array("f", answer.raw_output_contents[0]).tolist() if answer.raw_output_contents else [0]
        self.answered(kind, began, answer.id, name, answer.model_version, image, scores.index(max(scores)))

    async def unary(self, box, interval):
        async with aio.insecure_channel(box.grpc, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
            infer = channel.unary_unary(
                f"{SERVICE}/ModelInfer", pb.ModelInferRequest.SerializeToString, pb.ModelInferResponse.FromString)
            due = time.monotonic()
            while not self.over.is_set():
                due = await self.pace(due, interval)
                name, image = self.next()
                self.counts.add("grpc", "sent")
                began = time.monotonic()
                try:
                    self.take("grpc", began, await infer(self.request(name, image), timeout=PATIENCE), name, image)
                except aio.AioRpcError as error:
                    hung = error.code() == grpc.StatusCode.DEADLINE_EXCEEDED
                    self.counts.add("grpc", "hung" if hung else "failed", f"{box.name}: {error.code()} {error.details()}")

    async def stream(self, box, interval):
        """One stream after the other, each for 30 s."""
        await asyncio.sleep(random.uniform(0, 1))
        async with aio.insecure_channel(box.grpc, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
            begin = channel.stream_stream(
                f"{SERVICE}/ModelStreamInfer", pb.ModelInferRequest.SerializeToString, pb.ModelStreamInferResponse.FromString)
            while not self.over.is_set():
                await self.one_stream(box, begin(), interval)

    async def one_stream(self, box, call, interval):
        self.counts.streams += 1
        due = time.monotonic()
        end = due + STREAM_SECONDS
        try:
            while not self.over.is_set() and time.monotonic() < end:
                due = await self.pace(due, interval)
                name, image = self.next()
                self.counts.add("stream", "sent")
                began = time.monotonic()
                async with asyncio.timeout(PATIENCE):
                    await call.write(self.request(name, image))
                    answer = await call.read()
                if answer is aio.EOF:
                    self.counts.add("stream", "failed", f"{box.name}: ended by {await call.code()} {await call.details()}")
                    return
                if answer.error_message:
                    self.counts.add("stream", "failed", f"{box.name}: {answer.error_message}")
                else:
                    self.take("stream", began, answer.infer_response, name, image)
            await call.done_writing()
            async with asyncio.timeout(PATIENCE):
                while (answer := await call.read()) is not aio.EOF:
                    self.counts.add("stream", "duplicated", f"{box.name}: {answer.infer_response.id} came unasked")
                if await call.code() != grpc.StatusCode.OK:
                    self.counts.add("stream", "failed", f"{box.name}: {await call.code()} at its end")
        except TimeoutError:
            self.counts.add("stream", "hung", f"{box.name}: {name}")
            call.cancel()
        except aio.AioRpcError as error:
            self.counts.add("stream", "failed", f"{box.name}: {error.code()} {error.details()}")


async def fleet(stores, *words):
    process = await asyncio.create_subprocess_exec(
        str(FLEET), *words, "--fleet", str(stores.file), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, cwd=ROOT)
    try:
        async with asyncio.timeout(90):
            output, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        raise RuntimeError(f"'fleet {' '.join(words)}' hangs") from None
    if process.returncode != 0:
        raise RuntimeError(f"fleet {' '.join(words)}: status {process.returncode}\n{output.decode()}")


async def cycles(stores, apps, options, log):
    """Takes each node out of service and brings it back, in turn; how long that took."""
    drains = []
    for cycle in range(options.cycles):
        name = NAMES[cycle % len(NAMES)]
        began = time.monotonic()
        await fleet(stores, "drain", name, "--reason", "benchmark", "--deadline", "60s")
        drains.append(time.monotonic() - began)
        await asyncio.sleep(random.uniform(0, 0.3))
        await fleet(stores, "undrain", name)
        await asyncio.sleep(random.uniform(0, 0.3))
        if (cycle + 1) % 20 == 0:
            log(f"{cycle + 1} cycles, {apps.counts.by_kind}, {apps.counts.examples}")
    return drains


async def measure(stores, options, log):
    apps = Apps(stores.boxes, options.rate)
    work = asyncio.create_task(apps.run())
    began = time.monotonic()
    try:
        await apps.each_answered()
        drains = await cycles(stores, apps, options, log)
        await apps.each_answered()
    finally:
        apps.over.set()
        await work
    return apps.counts, drains, time.monotonic() - began


def requests_of_nodes(stores):
    models = [model for node in stores.status() for model in node["models"]]
    return sum(model["requests"] for model in models), sum(model["handed_off"] for model in models)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cycles", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=1000, help="requests a second to both nodes together")
    parser.add_argument("--log", type=Path, help="a file that tells how far it is, every 20 cycles")
    options = parser.parse_args()
    require_build()

    def log(words):
        if options.log:
            with options.log.open("a") as file:
                file.write(f"{time.strftime('%H:%M:%S')} {words}\n")

    with Stores(NAMES) as stores:
        before = requests_of_nodes(stores)
        counts, drains, seconds = asyncio.run(measure(stores, options, log))
        # What a node has answered is in its next report.
        end = time.monotonic() + 10
        after = requests_of_nodes(stores)
        while after[0] - before[0] != counts.total("right") and time.monotonic() < end:
            after = requests_of_nodes(stores)
    computed, handed = after[0] - before[0], after[1] - before[1]
    sent, right = counts.total("sent"), counts.total("right")
    waits, drains = sorted(counts.waits), sorted(drains)
    print(f"{options.cycles} cycles in {seconds:.0f} s, {sent} requests ({sent / seconds:.0f}/s), {counts.streams} streams of up to "
          f"{STREAM_SECONDS:.0f} s; {handed} handed off")
    for kind, by_name in counts.by_kind.items():
        print(f"  {kind}: " + ", ".join(f"{count} {name}" for name, count in by_name.items()))
    print(f"  answered after: median {waits[len(waits) // 2] * 1000:.1f} ms, p99 {waits[int(0.99 * len(waits))] * 1000:.1f} ms, longest "
          f"{waits[-1] * 1000:.0f} ms; drained after: median {drains[len(drains) // 2]:.1f} s, longest {drains[-1]:.1f} s")
    print(f"  the nodes say that they answered {computed}, the apps have got {right}")
    for name, examples in counts.examples.items():
        for example in examples:
            print(f"  {name}: {example}")
    if counts.bad or sent != right or computed != right:
        sys.exit(f"FAILED: {counts.bad or 'the counts differ'}")
    print(f"passed: {options.cycles} cycles: 0 failed, 0 duplicated, 0 hung, 0 wrong of {sent}")


main()
