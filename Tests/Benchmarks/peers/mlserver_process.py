"""MLServer on this machine, in front of OpenVINO (openvino_runtime.py), from the environment that `make bench PEERS=1` sets up.

It has no parallel workers, which would take each request to another process and back, and no debug mode, which would write a line
for each: both would only make it slower here.
"""

import json
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from node import ROOT, free_ports

PYTHON = ROOT / ".deps/peers/bin/python"
START = "import mlserver.cli; mlserver.cli.main()"  # The folder of the program `mlserver` has moved since it was installed.
RUNTIME = Path(__file__).with_name("openvino_runtime.py")


def version():
    """Of the MLServer that is installed."""
    command = [PYTHON, "-c", "import importlib.metadata; print(importlib.metadata.version('mlserver'))"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


class MLServer:
    """`models` are version folders by model name, as models.generate gives them; all are served before it is handed over."""

    def __init__(self, models):
        self.models = models

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="mlserver-bench-")
        folder = Path(self._folder.name)
        first = free_ports(3)
        self.http, self.grpc = f"127.0.0.1:{first}", f"127.0.0.1:{first + 1}"
        self._write(folder, first)
        self.log = folder / "mlserver.log"
        self.process = subprocess.Popen(
            [PYTHON, "-c", START, "start", "."], stdout=self.log.open("w"), stderr=subprocess.STDOUT, cwd=folder)
        try:
            self._wait_until_serving()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._folder.cleanup()

    def _write(self, folder, first):
        shutil.copy(RUNTIME, folder)
        settings = {"debug": False, "parallel_workers": 0, "host": "127.0.0.1",
                    "http_port": first, "grpc_port": first + 1, "metrics_port": first + 2}  # fmt: skip
        (folder / "settings.json").write_text(json.dumps(settings))
        for name, version_folder in self.models.items():
            model = {"name": name, "implementation": f"{RUNTIME.stem}.OpenVINORuntime",
                     "parameters": {"uri": str(version_folder / "model.onnx")}}  # fmt: skip
            (folder / name).mkdir()
            (folder / name / "model-settings.json").write_text(json.dumps(model))

    def _wait_until_serving(self, within=60):
        deadline = time.monotonic() + within
        while not all(self._serves(name) for name in self.models):
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise RuntimeError(f"MLServer does not serve {', '.join(self.models)}:\n{self.log.read_text()}")
            time.sleep(0.1)

    def _serves(self, name):
        try:
            with urllib.request.urlopen(f"http://{self.http}/v2/models/{name}/ready", timeout=5):
                return True
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False
