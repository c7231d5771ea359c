"""OpenVINO for MLServer, which brings no runtime for it: what somebody would write who serves our models with it.

MLServer imports this in a process and an environment of its own. As in MLServer's own runtimes, inference runs where `predict` is
called, so one infer request is enough; the hint is the one that our engine has too.
"""

import openvino
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.codecs.numpy import to_datatype
from mlserver.types import InferenceRequest, InferenceResponse, MetadataTensor
from mlserver.utils import get_model_uri


class OpenVINORuntime(MLModel):
    async def load(self) -> bool:
        model = openvino.Core().compile_model(await get_model_uri(self.settings), "CPU", {"PERFORMANCE_HINT": "LATENCY"})
        self.inputs = [metadata(port) for port in model.inputs]
        self.outputs = [metadata(port) for port in model.outputs]
        self._request = model.create_infer_request()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        inputs = {tensor.name: NumpyCodec.decode_input(tensor) for tensor in payload.inputs}
        found = self._request.infer(inputs, share_inputs=True, share_outputs=True)
        outputs = [NumpyCodec.encode_output(tensor.name, found[tensor.name]) for tensor in self.outputs]
        return InferenceResponse(model_name=self.name, model_version=self.version, outputs=outputs)


def metadata(port) -> MetadataTensor:
    shape = [-1 if length.is_dynamic else length.get_length() for length in port.partial_shape]
    return MetadataTensor(name=port.any_name, datatype=to_datatype(port.element_type.to_dtype()), shape=shape)
