"""What each version's folder says of itself: its golden set and its manifest.

    python3 manifests.py

writes both anew for the models that are there, and trains nothing. `train.py` does the same for what it has trained.
"""

import hashlib
import json
from pathlib import Path

HERE = Path(__file__).resolve().parent
NAME = "tag-reader"


def golden_set():
    """`golden.json`: the pictures that no version was trained on, and what to ask the model with them."""
    pictures = json.loads((HERE / "golden" / f"{NAME}.json").read_text())
    golden = {"input": "pixels", "output": "scores", "images": pictures["images"], "labels": pictures["labels"]}
    return (json.dumps(golden, separators=(",", ":")) + "\n").encode()


def manifest(version, files):
    """The canonical form: UTF-8, keys in this order, no white space, files by path, no newline at the end."""
    entries = [
        {"path": path, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for path, content in sorted(files.items())
    ]
    whole = {"schema": 1, "name": NAME, "version": version, "files": entries}
    return json.dumps(whole, separators=(",", ":"), ensure_ascii=False).encode()


def main():
    golden = golden_set()
    for folder in sorted((HERE / NAME).iterdir()):
        files = {"model.onnx": (folder / "model.onnx").read_bytes(), "golden.json": golden}
        described = manifest(int(folder.name), files)
        (folder / "golden.json").write_bytes(golden)
        (folder / "manifest.json").write_bytes(described)
        print(f"{folder.relative_to(HERE)}: golden.json of {len(golden)} bytes, sha256:{hashlib.sha256(described).hexdigest()}")


if __name__ == "__main__":
    main()
