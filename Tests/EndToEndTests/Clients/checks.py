"""What the clients here share: named checks that each run to their end, and the golden pictures with what ONNX Runtime makes of them."""

import json
import sys
import traceback
from pathlib import Path

import numpy as np

GOLDEN = Path(__file__).resolve().parents[2] / "Fixtures/models/golden"
MODEL = "tag-reader"


class Checks:
    """Collects functions by decoration; `run` calls them all, prints a line each, and ends the process with 1 if any failed."""

    def __init__(self):
        self.functions = []

    def __call__(self, function):
        self.functions.append(function)
        return function

    def run(self, *arguments):
        failures = 0
        for function in self.functions:
            name = function.__name__.replace("_", " ")
            try:
                function(*arguments)
                print(f"ok      {name}")
            except BaseException:  # a client that ends the interpreter is a failure like any other
                failures += 1
                print(f"FAILED  {name}\n{traceback.format_exc()}")
        print(f"{len(self.functions)} checks, {failures} failed", flush=True)
        sys.exit(1 if failures else 0)


def pictures(count):
    """Golden pictures as the model takes them, FP32 [count, 1, 8, 8]."""
    images = json.loads((GOLDEN / f"{MODEL}.json").read_text())["images"][:count]
    return np.array(images, np.float32).reshape(count, 1, 8, 8)


def scores(version, count):
    """ONNX Runtime's answers for them, [count, 10]."""
    return np.array(json.loads((GOLDEN / f"{MODEL}.scores.json").read_text())[str(version)][:count], np.float32)


def expect_scores(found, version, count):
    assert found is not None, "the answer lacks 'scores'"
    assert found.shape == (count, 10), f"shape {found.shape}"
    difference = np.abs(found - scores(version, count)).max()
    assert difference <= 1e-4, f"differs by {difference} from ONNX Runtime"


def expect_error(exception, call, status, words=""):
    """`call` must raise `exception` with `status` and, somewhere in its message, `words`."""
    try:
        answer = call()
    except exception as error:
        assert str(error.status()) in status, f"status {error.status()} instead of {status}: {error.message()}"
        assert words in error.message(), f"'{words}' is not in '{error.message()}'"
        assert error.message().strip(), "an error without words"
        return
    raise AssertionError(f"no error, but {answer}")
