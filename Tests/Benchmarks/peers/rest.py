"""Drives any server of the Open Inference Protocol over REST: each of some connections sends its next request when it has the
answer to the last, all in one thread, with bytes made beforehand. `fleet bench` does so too, but knows no JSON tensors.
"""

import json
import re
import select
import socket
import time

PATIENCE = 20
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


def json_request(address, model, values):
    """The shortest digits that give each 32-bit number again, as most clients write them."""
    data = ",".join(str(value) for value in values.ravel())
    body = f'{{"inputs":[{{"name":"input","shape":{json.dumps(values.shape)},"datatype":"FP32","data":[{data}]}}]}}'.encode()
    return _request(address, model, "Content-Type: application/json", body)


def binary_request(address, model, values):
    """The binary tensor extension, in both directions."""
    tensor = {"name": "input", "shape": values.shape, "datatype": "FP32", "parameters": {"binary_data_size": values.nbytes}}
    head = json.dumps({"inputs": [tensor], "parameters": {"binary_data_output": True}}).encode()
    return _request(address, model, f"Inference-Header-Content-Length: {len(head)}", head + values.tobytes())


def _request(address, model, field, body):
    lines = [f"POST /v2/models/{model}/infer HTTP/1.1", f"Host: {address}", field, f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Connection:
    def __init__(self, address, request):
        host, port = address.rsplit(":", 1)
        self.address, self.request = address, memoryview(request)
        self.socket = socket.create_connection((host, int(port)), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)

    def begin(self):
        self.began = time.perf_counter()
        self.unsent, self.answer, self.head, self.whole = self.request, bytearray(), None, None
        self.send()

    def send(self):
        """As much of the request as the system takes now."""
        try:
            while self.unsent:
                self.unsent = self.unsent[self.socket.send(self.unsent) :]
        except BlockingIOError:
            pass

    def receive(self):
        """Whether the answer is complete now."""
        chunk = self.socket.recv(1 << 18)
        if not chunk:
            raise RuntimeError(f"{self.address} closed a connection after {bytes(self.answer[:200])!r}")
        self.answer += chunk
        if self.whole is None and (end := self.answer.find(b"\r\n\r\n")) >= 0:
            length = LENGTH.search(self.answer, 0, end)
            if length is None:
                raise RuntimeError(f"{self.address} answered without a Content-Length: {bytes(self.answer[:200])!r}")
            self.head = end + 4
            self.whole = self.head + int(length[1])
        return self.whole is not None and len(self.answer) >= self.whole

    @property
    def is_well(self):
        return self.answer[9:12] == b"200"

    @property
    def body(self):
        return bytes(self.answer[self.head :])


class Load:
    """Connections that each send the next request when the last is answered, as long as `run` is called."""

    def __init__(self, address, request, concurrency):
        self.address = address
        self.epoll = select.epoll()
        self.connections = {}
        for _ in range(concurrency):
            connection = Connection(address, request)
            self.connections[connection.socket.fileno()] = connection

    def __enter__(self):
        for number, connection in self.connections.items():
            self.epoll.register(number, select.EPOLLIN)
            self._begin(number, connection)
        return self

    def __exit__(self, *_):
        self.epoll.close()
        for connection in self.connections.values():
            connection.socket.close()

    def _begin(self, number, connection):
        connection.begin()
        if connection.unsent:
            self.epoll.modify(number, select.EPOLLIN | select.EPOLLOUT)

    def run(self, seconds):
        """What was answered meanwhile: seconds that each good answer took, and the bodies of the others."""
        took, failures = [], []
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            events = self.epoll.poll(PATIENCE)
            if not events:
                raise RuntimeError(f"{self.address} did not answer within {PATIENCE} s")
            for number, event in events:
                connection = self.connections[number]
                if event & select.EPOLLOUT:
                    connection.send()
                    if not connection.unsent:
                        self.epoll.modify(number, select.EPOLLIN)
                if event & ~select.EPOLLOUT and connection.receive():
                    if connection.is_well:
                        took.append(time.perf_counter() - connection.began)
                    else:
                        failures.append(connection.body)
                    self._begin(number, connection)
        return took, failures


def ask(address, request):
    """The body of the answer to one request."""
    connection = Connection(address, request)
    with connection.socket:
        connection.socket.settimeout(PATIENCE)
        connection.begin()
        while not connection.receive():
            pass
    if not connection.is_well:
        raise RuntimeError(f"{address}: {bytes(connection.answer[:500])!r}")
    return connection.body


def window(address, request, concurrency, seconds, server_cpu_seconds):
    """One measurement after a short warm-up, with the names that `fleet bench` gives its figures."""
    with Load(address, request, concurrency) as load:
        load.run(min(1, seconds / 5))
        server, client, began = server_cpu_seconds(), time.process_time(), time.perf_counter()
        took, failures = load.run(seconds)
        server, client, elapsed = server_cpu_seconds() - server, time.process_time() - client, time.perf_counter() - began
    if not took:
        raise RuntimeError(f"{address} answered nothing well: {failures[:1]}")
    took.sort()
    return {
        "requests_per_s": len(took) / elapsed,
        "p50_ms": took[len(took) // 2] * 1000,
        "p99_ms": took[len(took) * 99 // 100] * 1000,
        "server_cpu_us_per_request": server / len(took) * 1e6,
        "client_cpu_us_per_request": client / len(took) * 1e6,
        "errors": len(failures),
        "example": failures[0][:200].decode(errors="replace") if failures else None,
    }
