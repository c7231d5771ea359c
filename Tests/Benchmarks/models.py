"""Writes the models of the benchmarks, with random weights, as version folders that `fleetd` serves and `fleet push` brings.

    python3 models.py FOLDER [NAME ...]

| name          | network                     | input            | bytes |
|---------------|-----------------------------|------------------|-------|
| `mlp`         | perceptron, 64 -> 64 -> 10  | [-1, 64]         | 19 kB |
| `mobilenetv2` | MobileNetV2 (width 1)       | [1, 3, 224, 224] | 14 MB |
| `resnet18`    | ResNet-18                   | [1, 3, 224, 224] | 47 MB |
| `slow`        | 300 times one convolution   | [-1, 64]         | 122 kB |

`slow` takes milliseconds for a request of 256 bytes, so that overloading a server needs no fast network. `mobilenetv2` and
`resnet18` have the layers of the published networks (Sandler et al., "MobileNetV2", CVPR 2018, table 2; He et al., "Deep Residual
Learning", CVPR 2016, table 1), with every batch normalization already folded into its convolution, as an exporter does.
Speed depends on the layers only, so nobody needs trained weights here. The same library versions give the same bytes again.
What is there already and complete is left alone. Needs `numpy` and `onnx` (`make deps` puts both into .deps/python).
"""

import hashlib
import json
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper

SEED = 20261122
VERSION = 1
CLASSES = 1000


class Network:
    """Collects nodes and weights; every method takes the name of a tensor and returns the name of the next."""

    def __init__(self, name):
        self.name = name
        self.nodes, self.weights = [], []
        self.random = np.random.default_rng([SEED, *name.encode()])

    def weight(self, shape, scale):
        name = f"w{len(self.weights)}"
        values = self.random.standard_normal(shape, dtype=np.float32) * np.float32(scale)
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def node(self, operator, inputs, **attributes):
        output = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def convolution(self, x, inputs, outputs, size, stride=1, groups=1):
        # The scale of He et al. 2015 keeps activations of random weights between zero and infinity.
        fan_in = size * size * inputs // groups
        w = self.weight((outputs, inputs // groups, size, size), np.sqrt(2 / fan_in))
        b = self.weight((outputs,), 0.01)
        pad = size // 2
        return self.node("Conv", [x, w, b], kernel_shape=[size] * 2, strides=[stride] * 2, pads=[pad] * 4, group=groups)

    def dense(self, x, inputs, outputs):
        w = self.weight((inputs, outputs), np.sqrt(1 / inputs))
        b = self.weight((outputs,), 0.01)
        return self.node("Gemm", [x, w, b])

    def relu(self, x):
        return self.node("Relu", [x])

    def relu6(self, x):
        if not any(w.name == "zero" for w in self.weights):
            self.weights.append(numpy_helper.from_array(np.float32(0), "zero"))
            self.weights.append(numpy_helper.from_array(np.float32(6), "six"))
        return self.node("Clip", [x, "zero", "six"])

    def classifier(self, x, inputs):
        pooled = self.node("GlobalAveragePool", [x])
        flat = self.node("Flatten", [pooled], axis=1)
        return self.node("Softmax", [self.dense(flat, inputs, CLASSES)], axis=1)

    def onnx(self, last, input_shape, output_shape):
        self.nodes[-1].output[0] = "scores"
        assert last == f"t{len(self.nodes) - 1}", "the last node gives the answer"
        graph = helper.make_graph(
            self.nodes,
            self.name,
            [helper.make_tensor_value_info("input", TensorProto.FLOAT, input_shape)],
            [helper.make_tensor_value_info("scores", TensorProto.FLOAT, output_shape)],
            self.weights,
        )
        opset = [helper.make_opsetid("", 17)]
        model = helper.make_model(graph, producer_name="fleet", ir_version=8, opset_imports=opset)
        checker.check_model(model, full_check=True)
        return model.SerializeToString()


def mlp():
    net = Network("mlp")
    hidden = net.relu(net.dense("input", 64, 64))
    scores = net.node("Softmax", [net.dense(hidden, 64, 10)], axis=1)
    return net.onnx(scores, ["batch", 64], ["batch", 10])


def mobilenetv2():
    net = Network("mobilenetv2")
    x = net.relu6(net.convolution("input", 3, 32, 3, stride=2))
    channels = 32
    # Expansion, output channels, repeats, stride of the first.
    for expansion, outputs, repeats, first_stride in [
        (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
    ]:  # fmt: skip
        for repeat in range(repeats):
            stride = first_stride if repeat == 0 else 1
            wide = channels * expansion
            h = x if expansion == 1 else net.relu6(net.convolution(x, channels, wide, 1))
            h = net.relu6(net.convolution(h, wide, wide, 3, stride=stride, groups=wide))
            h = net.convolution(h, wide, outputs, 1)
            x = net.node("Add", [x, h]) if stride == 1 and channels == outputs else h
            channels = outputs
    x = net.relu6(net.convolution(x, channels, 1280, 1))
    return net.onnx(net.classifier(x, 1280), [1, 3, 224, 224], [1, CLASSES])


def resnet18():
    net = Network("resnet18")
    x = net.relu(net.convolution("input", 3, 64, 7, stride=2))
    x = net.node("MaxPool", [x], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    channels = 64
    for outputs in (64, 128, 256, 512):
        for block in range(2):
            stride = 2 if block == 0 and outputs != 64 else 1
            h = net.relu(net.convolution(x, channels, outputs, 3, stride=stride))
            h = net.convolution(h, outputs, outputs, 3)
            shortcut = x if channels == outputs else net.convolution(x, channels, outputs, 1, stride=stride)
            x = net.relu(net.node("Add", [shortcut, h]))
            channels = outputs
    return net.onnx(net.classifier(x, 512), [1, 3, 224, 224], [1, CLASSES])


def slow(channels=48, passes=300):
    net = Network("slow")
    net.weights.append(numpy_helper.from_array(np.array([-1, 1, 8, 8], np.int64), "shape"))
    x = net.relu(net.convolution(net.node("Reshape", ["input", "shape"]), 1, channels, 3))
    w, b = net.weight((channels, channels, 3, 3), 0.05), net.weight((channels,), 0.01)
    for _ in range(passes):
        h = net.node("Tanh", [net.node("Conv", [x, w, b], kernel_shape=[3, 3], pads=[1, 1, 1, 1])])
        x = net.node("Add", [x, h])
    pooled = net.node("Flatten", [net.node("GlobalAveragePool", [x])], axis=1)
    return net.onnx(net.node("Softmax", [net.dense(pooled, channels, 10)], axis=1), ["batch", 64], ["batch", 10])


MODELS = {"mlp": mlp, "mobilenetv2": mobilenetv2, "resnet18": resnet18, "slow": slow}


def write(folder, name, content, version=VERSION):
    """Writes FOLDER/NAME/VERSION in one step: it is complete or absent, whenever somebody looks or we are stopped."""
    entry = {"path": "model.onnx", "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    whole = {"schema": 1, "name": name, "version": version, "files": [entry]}
    target = Path(folder) / name / str(version)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        made = Path(scratch) / "made"
        made.mkdir()
        (made / "model.onnx").write_bytes(content)
        (made / "manifest.json").write_bytes(json.dumps(whole, separators=(",", ":")).encode())
        shutil.rmtree(target, ignore_errors=True)
        made.rename(target)
    return target


def generate(folder, names=tuple(MODELS)):
    """The version folder of each model, by name; makes those that are missing."""
    found = {}
    for name in names:
        target = Path(folder) / name / str(VERSION)
        found[name] = target if (target / "manifest.json").exists() else write(folder, name, MODELS[name]())
    return found


def main():
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    folder, names = sys.argv[1], sys.argv[2:] or list(MODELS)
    if unknown := [name for name in names if name not in MODELS]:
        sys.exit(f"models.py: no model '{unknown[0]}': there are {', '.join(MODELS)}")
    for target in generate(folder, names).values():
        print(f"{target}: {(target / 'model.onnx').stat().st_size} bytes")


if __name__ == "__main__":
    main()
