"""Writes golden/tag-reader.answers.json, the digit that each version reads in each golden picture according to ONNX Runtime, and
golden/tag-reader.scores.json, the scores of each version for the first pictures.

The demo's shoppers and the tests hold our answers against these, so that an answer that belongs to another picture or another
version is caught, or one that is not exact. Needs numpy and onnxruntime.
"""

import json
from pathlib import Path

import numpy as np
import onnxruntime

HERE = Path(__file__).parent
golden = json.loads((HERE / "golden" / "tag-reader.json").read_text())
pixels = np.array(golden["images"], np.float32).reshape(-1, 1, 8, 8)
SCORED = 20

answers, scores = {}, {}
for folder in sorted((HERE / "tag-reader").iterdir(), key=lambda path: int(path.name)):
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])
    found = session.run(["scores"], {"pixels": pixels})[0]
    answers[folder.name] = found.argmax(1).tolist()
    scores[folder.name] = [[float(f"{score:.8g}") for score in row] for row in found[:SCORED]]
(HERE / "golden" / "tag-reader.answers.json").write_text(json.dumps(answers, separators=(",", ":")) + "\n")
(HERE / "golden" / "tag-reader.scores.json").write_text(json.dumps(scores, separators=(",", ":")) + "\n")
