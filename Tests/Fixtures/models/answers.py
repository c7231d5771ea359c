"""Writes golden/tag-reader.answers.json: the digit that each version reads in each golden picture, according to ONNX Runtime.

The demo's shoppers and the tests hold our answers against these, so that an answer that belongs to another picture or another
version is caught. Needs numpy and onnxruntime.
"""

import json
from pathlib import Path

import numpy as np
import onnxruntime

HERE = Path(__file__).parent
golden = json.loads((HERE / "golden" / "tag-reader.json").read_text())
pixels = np.array(golden["images"], np.float32).reshape(-1, 1, 8, 8)
answers = {}
for folder in sorted((HERE / "tag-reader").iterdir(), key=lambda path: int(path.name)):
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])
    answers[folder.name] = session.run(["scores"], {"pixels": pixels})[0].argmax(1).tolist()
(HERE / "golden" / "tag-reader.answers.json").write_text(json.dumps(answers, separators=(",", ":")) + "\n")
