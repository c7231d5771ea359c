"""Drives a node with tritonclient, as its users do: no option is set that a user of Triton would not set.

    python triton.py http|grpc HOST:PORT

The node serves version 2 of `tag-reader` and has version 1 in its repository.
"""

import queue
import sys
import uuid

import numpy as np
from checks import MODEL, Checks, expect_error, expect_scores, pictures
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

form, address = sys.argv[1:3]
if form == "http":
    import tritonclient.http as client
else:
    import tritonclient.grpc as client

check = Checks()
VERSION = 2
INVALID = {"http": ["400"], "grpc": ["StatusCode.INVALID_ARGUMENT"]}[form]
MISSING = {"http": ["400", "404"], "grpc": ["StatusCode.NOT_FOUND"]}[form]


def document(answer):
    """What the HTTP client gives as a dictionary and gRPC's as a message, as a dictionary."""
    if form == "http":
        return answer
    from google.protobuf import json_format

    return json_format.MessageToDict(answer, preserving_proto_field_name=True)


def tensor(values, name="pixels", shape=None, datatype=None, **settings):
    made = client.InferInput(name, list(shape or values.shape), datatype or np_to_triton_dtype(values.dtype))
    made.set_data_from_numpy(values, **settings)
    return made


def infer(server, count=3, **settings):
    return server.infer(MODEL, [tensor(pictures(count))], **settings)


@check
def server_and_model_are_live_and_ready(server):
    assert server.is_server_live() and server.is_server_ready()
    assert server.is_model_ready(MODEL) and server.is_model_ready(MODEL, str(VERSION))
    assert not server.is_model_ready("no-such-model")


@check
def server_says_what_it_is(server):
    about = document(server.get_server_metadata())
    assert about["name"] and about["version"]
    for extension in ("binary_tensor_data", "model_configuration", "statistics", "model_repository", "system_shared_memory"):
        assert extension in about["extensions"], f"{extension} is not in {about['extensions']}"


@check
def metadata_describes_the_model(server):
    about = document(server.get_model_metadata(MODEL))
    assert about["name"] == MODEL and str(VERSION) in about["versions"], about
    (taken,), (given,) = about["inputs"], about["outputs"]
    assert (taken["name"], taken["datatype"], [int(n) for n in taken["shape"]]) == ("pixels", "FP32", [-1, 1, 8, 8])
    assert (given["name"], given["datatype"], [int(n) for n in given["shape"]]) == ("scores", "FP32", [-1, 10])
    expect_error(InferenceServerException, lambda: server.get_model_metadata("no-such-model"), MISSING, "no-such-model")


@check
def configuration_describes_the_model(server):
    about = document(server.get_model_config(MODEL))
    about = about.get("config", about)
    assert about["name"] == MODEL
    assert about["max_batch_size"] > 0, "its first dimension is free"
    assert about["input"][0]["name"] == "pixels" and about["input"][0]["data_type"] == "TYPE_FP32"
    assert [int(n) for n in about["input"][0]["dims"]] == [1, 8, 8]
    assert [int(n) for n in about["output"][0]["dims"]] == [10]


@check
def answers_equal_those_of_onnx_runtime(server):
    for count in (1, 3, 20):
        answer = infer(server, count)
        expect_scores(answer.as_numpy("scores"), VERSION, count)
        about = document(answer.get_response())
        assert about["model_name"] == MODEL and about["model_version"] == str(VERSION)


@check
def answers_carry_the_id_and_honour_chosen_outputs(server):
    answer = infer(server, request_id="till-7", outputs=[client.InferRequestedOutput("scores")])
    assert document(answer.get_response())["id"] == "till-7"
    expect_scores(answer.as_numpy("scores"), VERSION, 3)
    for version in ("", str(VERSION)):
        expect_scores(infer(server, model_version=version).as_numpy("scores"), VERSION, 3)


@check
def asynchronous_calls_are_answered_one_and_all(server):
    if form == "http":
        with client.InferenceServerClient(address, concurrency=8) as wide:
            pending = [wide.async_infer(MODEL, [tensor(pictures(count))]) for count in range(1, 17)]
            for count, one in enumerate(pending, 1):
                expect_scores(one.get_result().as_numpy("scores"), VERSION, count)
    else:
        answers = queue.Queue()
        for count in range(1, 17):
            server.async_infer(MODEL, [tensor(pictures(count))], lambda result, error, n=count: answers.put((n, result, error)))
        for _ in range(16):
            count, result, error = answers.get(timeout=20)
            assert error is None, error
            expect_scores(result.as_numpy("scores"), VERSION, count)


@check
def statistics_count_what_was_asked(server):
    def successes():
        (one,) = [one for one in document(server.get_inference_statistics(MODEL))["model_stats"] if one["version"] == str(VERSION)]
        return int(one["inference_stats"]["success"]["count"]), int(one["inference_count"]), int(one["execution_count"])

    before = successes()
    for _ in range(5):
        infer(server, 2)
    after = successes()
    assert after[0] - before[0] == 5, f"{before} {after}"
    assert after[1] - before[1] == 10, "two pictures a request"
    assert 1 <= after[2] - before[2] <= 5
    assert document(server.get_inference_statistics())["model_stats"], "all models, when none is named"


@check
def repository_is_listed_and_models_come_and_go(server):
    def states():
        answer = document(server.get_model_repository_index())
        return {(one["name"], str(one.get("version", ""))): one.get("state") for one in (answer if form == "http" else answer["models"])}

    assert states()[MODEL, str(VERSION)] == "READY"
    server.unload_model(MODEL)
    assert not server.is_model_ready(MODEL)
    assert states()[MODEL, str(VERSION)] == "UNAVAILABLE", states()
    expect_error(InferenceServerException, lambda: infer(server), MISSING + ["503", "StatusCode.UNAVAILABLE"])
    server.load_model(MODEL)
    assert server.is_model_ready(MODEL)
    expect_scores(infer(server).as_numpy("scores"), VERSION, 3)
    expect_error(InferenceServerException, lambda: server.load_model("no-such-model"), MISSING)


@check
def wrong_inputs_are_the_callers_fault(server):
    right = pictures(1)
    wrong = {
        "another name": [tensor(right, name="pixel")],
        "another shape": [tensor(right.reshape(1, 64))],
        "another length": [tensor(pictures(2).reshape(1, 2, 8, 8))],
        "another datatype": [tensor(right.astype(np.int32))],
        "twice the same": [tensor(right), tensor(right)],
        "one too many": [tensor(right), tensor(right, name="more")],
        "none at all": [],
    }
    for name, inputs in wrong.items():
        try:
            expect_error(InferenceServerException, lambda inputs=inputs: server.infer(MODEL, inputs), INVALID)
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from None
    output = [client.InferRequestedOutput("no-such-output")]
    expect_error(InferenceServerException, lambda: infer(server, outputs=output), INVALID, "no-such-output")
    expect_error(InferenceServerException, lambda: server.infer("no-such-model", [tensor(right)]), MISSING, "no-such-model")
    for version in ("99", "one", "-1"):
        expect_error(InferenceServerException, lambda v=version: infer(server, model_version=v), INVALID + MISSING)
    expect_scores(infer(server).as_numpy("scores"), VERSION, 3)


@check
def shared_memory_carries_inputs_and_outputs(server):
    from tritonclient.utils import shared_memory

    values = pictures(4)
    size, result_size = values.nbytes, 4 * 10 * 4
    names = [f"fleet-{kind}-{uuid.uuid4().hex}" for kind in ("in", "out")]
    regions = [shared_memory.create_shared_memory_region(name, f"/{name}", bytes) for name, bytes in zip(names, (size, result_size))]
    try:
        shared_memory.set_shared_memory_region(regions[0], [values])
        for name, bytes in zip(names, (size, result_size)):
            server.register_system_shared_memory(name, f"/{name}", bytes)
        status = document(server.get_system_shared_memory_status())
        assert all(name in str(status) for name in names), status
        given, wanted = client.InferInput("pixels", list(values.shape), "FP32"), client.InferRequestedOutput("scores")
        given.set_shared_memory(names[0], size)
        wanted.set_shared_memory(names[1], result_size)
        answer = server.infer(MODEL, [given], outputs=[wanted])
        assert answer.get_output("scores") is not None
        expect_scores(shared_memory.get_contents_as_numpy(regions[1], np.float32, [4, 10]), VERSION, 4)

        given.set_shared_memory(names[0], size, offset=8)
        expect_error(InferenceServerException, lambda: server.infer(MODEL, [given]), INVALID)
        given.set_shared_memory("no-such-region", size)
        expect_error(InferenceServerException, lambda: server.infer(MODEL, [given]), INVALID + MISSING)
        expect_error(
            InferenceServerException, lambda: server.register_system_shared_memory("x", "/no-such-key-here", 4), INVALID + MISSING)
        for name in names:
            server.unregister_system_shared_memory(name)
        assert names[0] not in str(document(server.get_system_shared_memory_status()))
    finally:
        server.unregister_system_shared_memory()
        for region in regions:
            shared_memory.destroy_shared_memory_region(region)


if form == "http":

    @check
    def tensors_travel_as_json_too(server):
        given = tensor(pictures(3), binary_data=False)
        for binary in (True, False):
            answer = server.infer(MODEL, [given], outputs=[client.InferRequestedOutput("scores", binary_data=binary)])
            expect_scores(answer.as_numpy("scores").astype(np.float32), VERSION, 3)

    @check
    def bodies_may_be_compressed_both_ways(server):
        for there in (None, "gzip", "deflate"):
            for back in (None, "gzip", "deflate"):
                answer = infer(server, 20, request_compression_algorithm=there, response_compression_algorithm=back)
                expect_scores(answer.as_numpy("scores"), VERSION, 20)

else:

    @check
    def messages_may_be_compressed(server):
        for algorithm in ("gzip", "deflate"):
            answer = infer(server, 20, compression_algorithm=algorithm)
            expect_scores(answer.as_numpy("scores"), VERSION, 20)

    @check
    def stream_answers_in_order_and_survives_an_error(server):
        answers = queue.Queue()
        server.start_stream(lambda result, error: answers.put((result, error)))
        try:
            for index in range(6):
                name = "no-such-model" if index == 2 else MODEL
                server.async_stream_infer(name, [tensor(pictures(index + 1))], request_id=str(index))
            found, errors = {}, 0
            for _ in range(6):
                result, error = answers.get(timeout=20)
                if error is None:
                    found[int(result.get_response().id)] = result
                else:
                    errors += 1
                    assert "no-such-model" in str(error), error
            assert errors == 1 and list(found) == [0, 1, 3, 4, 5], f"{errors} errors, answers {list(found)}"
            for index, result in found.items():
                expect_scores(result.as_numpy("scores"), VERSION, index + 1)
        finally:
            server.stop_stream()

    @check
    def health_is_answered_as_kubernetes_asks(server):
        import grpc
        from grpc_health.v1 import health_pb2, health_pb2_grpc

        with grpc.insecure_channel(address) as channel:
            health = health_pb2_grpc.HealthStub(channel)
            for service in ("", "inference.GRPCInferenceService"):
                answer = health.Check(health_pb2.HealthCheckRequest(service=service), timeout=10)
                assert answer.status == health_pb2.HealthCheckResponse.SERVING, service
            try:
                health.Check(health_pb2.HealthCheckRequest(service="no.such.Service"), timeout=10)
                raise AssertionError("a service that there is not has a health")
            except grpc.RpcError as error:
                assert error.code() == grpc.StatusCode.NOT_FOUND, error

    @check
    def short_deadline_is_kept_or_told_as_such(server):
        # gRPC sends no less than a millisecond, in which a quick node answers: then the answer must be right, and else nothing else told.
        for _ in range(50):
            try:
                expect_scores(infer(server, 20, client_timeout=1e-6).as_numpy("scores"), VERSION, 20)
            except InferenceServerException as error:
                assert str(error.status()) == "StatusCode.DEADLINE_EXCEEDED", error
        expect_scores(infer(server).as_numpy("scores"), VERSION, 3)


with client.InferenceServerClient(address) as server:
    check.run(server)
