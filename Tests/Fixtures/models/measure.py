"""Prints the table of README.md: what each version of `tag-reader` gets right, and what one inference costs.

    /tmp/models/bin/pip install onnxruntime openvino
    /tmp/models/bin/python measure.py
"""

import hashlib
import json
import time
from pathlib import Path

import numpy as np
import onnxruntime
import openvino

HERE = Path(__file__).resolve().parent


def with_onnxruntime(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    infer = lambda pixels: session.run(["scores"], {"pixels": pixels})[0]
    return infer, None


def with_openvino(path):
    settings = {"INFERENCE_NUM_THREADS": 1, "PERFORMANCE_HINT": "LATENCY"}
    request = openvino.Core().compile_model(path, "CPU", settings).create_infer_request()
    infer = lambda pixels: next(iter(request.infer({"pixels": pixels}).values()))
    return infer, lambda: request.latency * 1e3


def microseconds(infer, reported, picture):
    """The fastest of many calls on one thread: what the others add is the rest of the machine.

    OpenVINO reports its own time, without the 60 us that its Python binding adds.
    """
    best, end = float("inf"), time.perf_counter() + 3
    while time.perf_counter() < end:
        start = time.perf_counter()
        infer(picture)
        taken = (time.perf_counter() - start) * 1e6
        best = min(best, reported() if reported else taken)
    return best


def main():
    golden = json.loads((HERE / "golden" / "tag-reader.json").read_text())
    pixels = np.array(golden["images"], np.float32).reshape(-1, 1, 8, 8)
    labels = np.array(golden["labels"])
    rows = []
    for version in range(1, 5):
        folder = HERE / "tag-reader" / str(version)
        path = str(folder / "model.onnx")
        row = {"version": version, "bytes": (folder / "model.onnx").stat().st_size}
        for name, load in (("ort", with_onnxruntime), ("ov", with_openvino)):
            infer, reported = load(path)
            one_by_one = np.concatenate([infer(picture[np.newaxis]).copy() for picture in pixels])
            assert np.allclose(one_by_one, infer(pixels), atol=1e-3), "a batch answers as its pictures do"
            row[name] = (one_by_one.argmax(1) == labels).mean() * 100
            row[name + "_us"] = microseconds(infer, reported, pixels[:1])
        row["digest"] = hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
        rows.append(row)
    print("| version | bytes | right, ONNX Runtime | right, OpenVINO | µs, ONNX Runtime | µs, OpenVINO | digest |")
    print("|---|---|---|---|---|---|---|")
    for r in rows:
        right, cost = f"{r['ort']:.1f}% | {r['ov']:.1f}%", f"{r['ort_us']:.0f} | {r['ov_us']:.0f}"
        print(f"| {r['version']} | {r['bytes']:,} | {right} | {cost} | `sha256:{r['digest'][:12]}…` |")
    second, third = rows[1], rows[2]
    ratios = [third[key] / second[key] for key in ("ort_us", "ov_us")]
    print(f"\nVersion 3 takes {ratios[0]:.0f} times as long as version 2 (ONNX Runtime), {ratios[1]:.0f} times (OpenVINO).")


if __name__ == "__main__":
    main()
