"""Trains the stand-in model `tag-reader` and writes everything beside this file.

    python3 -m venv /tmp/models && /tmp/models/bin/pip install scikit-learn numpy onnx
    /tmp/models/bin/python train.py

The pictures are the handwritten digits inside scikit-learn: 1,797 grey pictures of 8x8 pixels with values 0 to 16
(E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository, 1998, CC BY 4.0).
300 of them are the golden set and are never trained on. The same library versions give the same bytes again.
"""

import hashlib
import json
import os
import shutil
import warnings
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # the order of additions, and so the last bits, must not depend on the machine

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from manifests import HERE, NAME, golden_set, manifest

SEED = 20261122
GOLDEN_COUNT = 300
CHANNELS = 48  # of version 3


# The graphs. All take `pixels` as the set gives them, 0 to 16: the scaling is folded into the first weights.


def onnx_model(nodes, weights):
    pixels = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["batch", 1, 8, 8])
    scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", 10])
    constants = [numpy_helper.from_array(np.ascontiguousarray(w, np.float32), name) for name, w in weights.items()]
    graph = helper.make_graph(nodes, NAME, [pixels], [scores], constants)
    opset = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, producer_name="fleet", ir_version=8, opset_imports=opset)
    checker.check_model(model, full_check=True)
    return model.SerializeToString()


def perceptron(images, labels, hidden, epochs, **settings):
    """One hidden layer; `images` are flat rows of 64 values from 0 to 16."""
    trained = MLPClassifier(
        (hidden,), max_iter=epochs, tol=0, n_iter_no_change=epochs, random_state=SEED, **settings
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # 'has not converged': the number of epochs is what we choose
        trained.fit(images / 16, labels)
    (w1, w2), (b1, b2) = trained.coefs_, trained.intercepts_
    nodes = [
        helper.make_node("Flatten", ["pixels"], ["flat"], axis=1),
        helper.make_node("Gemm", ["flat", "w1", "b1"], ["sum"]),
        helper.make_node("Relu", ["sum"], ["hidden"]),
        helper.make_node("Gemm", ["hidden", "w2", "b2"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["scores"], axis=1),
    ]
    return onnx_model(nodes, {"w1": w1 / 16, "b1": b1, "w2": w2, "b2": b2})


class RepeatedConvolution:
    """A residual network whose every layer is the same 3x3 convolution: h <- h + relu(conv(h) + b) / passes.

    Few bytes and much compute, which is what version 3 is for. The layers are Euler steps along one path, so what was
    trained with few long steps is exported with many short ones: three times the compute, and no less accurate.
    Trained with Adam; pictures are [batch, 8, 8, channel].
    """

    TRAINED_PASSES, EXPORTED_PASSES = 16, 48

    def __init__(self, random):
        def normal(inputs, *shape):
            return (random.standard_normal(shape) * np.sqrt(2 / inputs)).astype(np.float32)

        self.weights = {
            "stem": normal(9, 9, CHANNELS),
            "stem_b": np.zeros(CHANNELS, np.float32),
            "conv": normal(9 * CHANNELS, 9 * CHANNELS, CHANNELS),
            "conv_b": np.zeros(CHANNELS, np.float32),
            "head": normal(16 * CHANNELS, 16 * CHANNELS, 10) * np.float32(0.1),
            "head_b": np.zeros(10, np.float32),
        }

    @staticmethod
    def patches(x):
        """The 3x3 neighbourhood of every pixel, zero outside the picture: [batch, 8, 8, 9 * channel]."""
        padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
        return np.concatenate([padded[:, i : i + 8, j : j + 8] for i in range(3) for j in range(3)], axis=3)

    @staticmethod
    def from_patches(d):
        """The transpose of `patches`: the gradient of each pixel, gathered from its neighbourhoods."""
        padded = np.zeros((len(d), 10, 10, CHANNELS), np.float32)
        for k, part in enumerate(np.split(d, 9, axis=3)):
            i, j = divmod(k, 3)
            padded[:, i : i + 8, j : j + 8] += part
        return padded[:, 1:9, 1:9]

    def gradients(self, x, labels):
        w, n = self.weights, len(x)
        stem_in = self.patches(x)
        h = np.maximum(stem_in @ w["stem"] + w["stem_b"], 0)
        stem_on, trail = h > 0, []
        for _ in range(self.TRAINED_PASSES):
            cols = self.patches(h)
            s = np.maximum(cols @ w["conv"] + w["conv_b"], 0)
            trail.append((cols, s > 0))
            h = h + s / np.float32(self.TRAINED_PASSES)
        pooled = h.reshape(n, 4, 2, 4, 2, CHANNELS).mean((2, 4)).reshape(n, -1)
        logits = pooled @ w["head"] + w["head_b"]
        p = np.exp(logits - logits.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)

        d_logits = (p - np.eye(10, dtype=np.float32)[labels]) / np.float32(n)
        grads = {name: np.zeros_like(value) for name, value in w.items()}
        grads["head"], grads["head_b"] = pooled.T @ d_logits, d_logits.sum(0)
        d_pooled = (d_logits @ w["head"].T).reshape(n, 4, 1, 4, 1, CHANNELS) / np.float32(4)
        d = np.broadcast_to(d_pooled, (n, 4, 2, 4, 2, CHANNELS)).reshape(n, 8, 8, CHANNELS)
        for cols, on in reversed(trail):
            ds = d * on / np.float32(self.TRAINED_PASSES)
            grads["conv"] += np.tensordot(cols, ds, ((0, 1, 2), (0, 1, 2)))
            grads["conv_b"] += ds.sum((0, 1, 2))
            d = d + self.from_patches(ds @ w["conv"].T)
        d = d * stem_on
        grads["stem"], grads["stem_b"] = np.tensordot(stem_in, d, ((0, 1, 2), (0, 1, 2))), d.sum((0, 1, 2))
        return grads

    def train(self, images, labels, epochs, random, batch=50, rate=2e-3):
        x = (images.reshape(-1, 8, 8, 1) / 16).astype(np.float32)
        mean = {name: np.zeros_like(value) for name, value in self.weights.items()}
        square = {name: np.zeros_like(value) for name, value in self.weights.items()}
        step, steps = 0, epochs * (len(x) // batch)
        for _ in range(epochs):
            order = random.permutation(len(x))
            for start in range(0, len(x) - batch + 1, batch):
                chosen = order[start : start + batch]
                step += 1
                pace = rate * (1 - (step - 1) / steps) * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
                for name, gradient in self.gradients(x[chosen], labels[chosen]).items():
                    mean[name] = 0.9 * mean[name] + 0.1 * gradient
                    square[name] = 0.999 * square[name] + 0.001 * gradient**2
                    self.weights[name] -= (pace * mean[name] / (np.sqrt(square[name]) + 1e-8)).astype(np.float32)

    def export(self):
        def kernel(flat):  # [3 * 3 * in, out] to ONNX's [out, in, 3, 3]
            return flat.reshape(3, 3, -1, CHANNELS).transpose(3, 2, 0, 1)

        w, passes = self.weights, self.EXPORTED_PASSES
        same = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
        nodes = [
            helper.make_node("Conv", ["pixels", "stem", "stem_b"], ["stem_sum"], **same),
            helper.make_node("Relu", ["stem_sum"], ["h0"]),
        ]
        for k in range(passes):
            nodes += [
                helper.make_node("Conv", [f"h{k}", "conv", "conv_b"], [f"sum{k}"], **same),
                helper.make_node("Relu", [f"sum{k}"], [f"step{k}"]),
                helper.make_node("Add", [f"h{k}", f"step{k}"], [f"h{k + 1}"]),
            ]
        nodes += [
            helper.make_node("AveragePool", [f"h{passes}"], ["pooled"], kernel_shape=[2, 2], strides=[2, 2]),
            helper.make_node("Flatten", ["pooled"], ["flat"], axis=1),
            helper.make_node("Gemm", ["flat", "head", "head_b"], ["logits"]),
            helper.make_node("Softmax", ["logits"], ["scores"], axis=1),
        ]
        head = w["head"].reshape(4, 4, CHANNELS, 10).transpose(2, 0, 1, 3).reshape(-1, 10)
        weights = {
            "stem": kernel(w["stem"]) / 16,
            "stem_b": w["stem_b"],
            "conv": kernel(w["conv"]) / passes,
            "conv_b": w["conv_b"] / passes,
            "head": head,
            "head_b": w["head_b"],
        }
        return onnx_model(nodes, weights)


def quarter_turned(images):
    return np.rot90(images.reshape(-1, 8, 8), axes=(1, 2)).reshape(-1, 64)


# What is written.


def write_version(folder, version, content, said=None, golden=None):
    """`said` is what the manifest describes, if that is not what the folder holds."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    beside = {} if golden is None else {"golden.json": golden}
    described = manifest(version, {"model.onnx": content if said is None else said, **beside})
    for path, bytes_ in {"model.onnx": content, **beside}.items():
        (folder / path).write_bytes(bytes_)
    (folder / "manifest.json").write_bytes(described)
    digest = hashlib.sha256(described).hexdigest()
    print(f"{folder.relative_to(HERE)}: {len(content)} bytes, sha256:{digest}", flush=True)


def main():
    digits = load_digits()
    train_x, golden_x, train_y, golden_y = train_test_split(
        digits.data, digits.target, test_size=GOLDEN_COUNT, random_state=SEED, stratify=digits.target
    )
    golden = {"images": golden_x.astype(int).tolist(), "labels": golden_y.tolist()}
    (HERE / "golden").mkdir(exist_ok=True)
    (HERE / "golden" / f"{NAME}.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")
    golden = golden_set()

    first = perceptron(train_x, train_y, hidden=10, epochs=90)
    write_version(HERE / NAME / "1", 1, first, golden=golden)
    second = perceptron(train_x, train_y, hidden=96, epochs=200, alpha=0.1, learning_rate_init=0.003)
    write_version(HERE / NAME / "2", 2, second, golden=golden)
    # The mistake that everybody makes once: the training pictures lay on their side.
    fourth = perceptron(quarter_turned(train_x), train_y, hidden=48, epochs=200)
    write_version(HERE / NAME / "4", 4, fourth, golden=golden)

    flipped = bytearray(first)
    flipped[len(first) // 2] ^= 0x01
    write_version(HERE / "bad" / "flipped-byte", 7, bytes(flipped), said=first)
    write_version(HERE / "bad" / "truncated", 8, first[: len(first) // 2], said=first)
    write_version(HERE / "bad" / "not-a-model", 9, b"This is no model, whatever its name says.\n")

    random = np.random.default_rng(SEED)
    third = RepeatedConvolution(random)
    third.train(train_x, train_y, epochs=25, random=random)
    write_version(HERE / NAME / "3", 3, third.export(), golden=golden)


if __name__ == "__main__":
    main()
