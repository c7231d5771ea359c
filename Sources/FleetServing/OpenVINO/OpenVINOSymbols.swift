import Glibc

/// The functions of OpenVINO's C API that we call, as declared in its headers `openvino/c/ov_*.h`, release 2026.4.
///
/// C structs that go by pointer are written as the words that they consist of (`ov_shape_t`: rank, address of the lengths;
/// `ov_partial_shape_t`: least and greatest rank, address of the dimensions; `ov_available_devices_t`: address, count).
/// `ov_shape_t` by value is written as two arguments: a struct of two words travels in two registers, as two words do, in the
/// calling conventions of both x86-64 (System V) and aarch64 (AAPCS64).
@safe struct OpenVINOSymbols: @unchecked Sendable {
  typealias Status = Int32
  typealias Text = UnsafeMutablePointer<CChar>
  typealias Words = UnsafeMutablePointer<Int>
  typealias Out<Value> = UnsafeMutablePointer<Value>

  let getVersion: @convention(c) (Words) -> Status
  let freeVersion: @convention(c) (Words) -> Void
  let getLastErrorMessage: @convention(c) () -> UnsafePointer<CChar>?
  let freeText: @convention(c) (UnsafePointer<CChar>?) -> Void

  let createCore: @convention(c) (Out<OpaquePointer?>) -> Status
  let freeCore: @convention(c) (OpaquePointer?) -> Void
  let getProperty: @convention(c) (OpaquePointer, UnsafePointer<CChar>, UnsafePointer<CChar>, Out<Text?>) -> Status
  let getAvailableDevices: @convention(c) (OpaquePointer, Words) -> Status
  let freeAvailableDevices: @convention(c) (Words) -> Void
  /// The properties are pairs of C strings, name and value.
  let compileFromFile:
    @convention(c) (
      OpaquePointer, UnsafePointer<CChar>, UnsafePointer<CChar>, Int, UnsafeRawPointer, Out<OpaquePointer?>
    ) -> Status

  let freeCompiledModel: @convention(c) (OpaquePointer?) -> Void
  let getInputCount: @convention(c) (OpaquePointer, Out<Int>) -> Status
  let getOutputCount: @convention(c) (OpaquePointer, Out<Int>) -> Status
  let getInput: @convention(c) (OpaquePointer, Int, Out<OpaquePointer?>) -> Status
  let getOutput: @convention(c) (OpaquePointer, Int, Out<OpaquePointer?>) -> Status
  let getModelProperty: @convention(c) (OpaquePointer, UnsafePointer<CChar>, Out<Text?>) -> Status
  let createInferRequest: @convention(c) (OpaquePointer, Out<OpaquePointer?>) -> Status

  let freePort: @convention(c) (OpaquePointer?) -> Void
  let getPortName: @convention(c) (OpaquePointer, Out<Text?>) -> Status
  let getPortShape: @convention(c) (OpaquePointer, Words) -> Status
  let getPortElementType: @convention(c) (OpaquePointer, Out<Int32>) -> Status
  let freePartialShape: @convention(c) (Words) -> Void

  let freeInferRequest: @convention(c) (OpaquePointer?) -> Void
  let setInputTensor: @convention(c) (OpaquePointer, Int, OpaquePointer) -> Status
  let getOutputTensor: @convention(c) (OpaquePointer, Int, Out<OpaquePointer?>) -> Status
  let infer: @convention(c) (OpaquePointer) -> Status

  /// Element type; rank and address of the lengths, together an `ov_shape_t` by value.
  let createTensor: @convention(c) (Int32, Int64, UnsafePointer<Int64>, Out<OpaquePointer?>) -> Status
  /// The same with the address of the elements, which stay the caller's.
  let createTensorInPlace:
    @convention(c) (Int32, Int64, UnsafePointer<Int64>, UnsafeMutableRawPointer, Out<OpaquePointer?>) -> Status
  let freeTensor: @convention(c) (OpaquePointer?) -> Void
  let getTensorShape: @convention(c) (OpaquePointer, Words) -> Status
  let getTensorByteSize: @convention(c) (OpaquePointer, Out<Int>) -> Status
  let getTensorData: @convention(c) (OpaquePointer, Out<UnsafeMutableRawPointer?>) -> Status
  let freeShape: @convention(c) (Words) -> Status

  /// Opens the library at `path`; it stays open for the life of the process. Throws `EngineError`.
  init(opening path: String) throws {
    guard let library = unsafe dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
      let reason = unsafe dlerror().map { unsafe String(cString: $0) } ?? "unknown reason"
      throw EngineError("'\(path)' cannot be opened: \(reason)")
    }
    var missing: [String] = []
    func symbol<Function>(_ name: String, _ type: Function.Type = Function.self) -> Function {
      if let address = unsafe dlsym(library, name) { return unsafe unsafeBitCast(address, to: Function.self) }
      missing.append(name)
      // Never called: the initializer throws when anything is missing.
      let stub: @convention(c) () -> Void = {}
      return unsafe unsafeBitCast(stub, to: Function.self)
    }
    unsafe getVersion = symbol("ov_get_openvino_version")
    unsafe freeVersion = symbol("ov_version_free")
    unsafe getLastErrorMessage = symbol("ov_get_last_err_msg")
    unsafe freeText = symbol("ov_free")
    unsafe createCore = symbol("ov_core_create")
    unsafe freeCore = symbol("ov_core_free")
    unsafe getProperty = symbol("ov_core_get_property")
    unsafe getAvailableDevices = symbol("ov_core_get_available_devices")
    unsafe freeAvailableDevices = symbol("ov_available_devices_free")
    unsafe compileFromFile = symbol("ov_core_compile_model_from_file_props")
    unsafe freeCompiledModel = symbol("ov_compiled_model_free")
    unsafe getInputCount = symbol("ov_compiled_model_inputs_size")
    unsafe getOutputCount = symbol("ov_compiled_model_outputs_size")
    unsafe getInput = symbol("ov_compiled_model_input_by_index")
    unsafe getOutput = symbol("ov_compiled_model_output_by_index")
    unsafe getModelProperty = symbol("ov_compiled_model_get_property")
    unsafe createInferRequest = symbol("ov_compiled_model_create_infer_request")
    unsafe freePort = symbol("ov_output_const_port_free")
    unsafe getPortName = symbol("ov_port_get_any_name")
    unsafe getPortShape = symbol("ov_port_get_partial_shape")
    unsafe getPortElementType = symbol("ov_port_get_element_type")
    unsafe freePartialShape = symbol("ov_partial_shape_free")
    unsafe freeInferRequest = symbol("ov_infer_request_free")
    unsafe setInputTensor = symbol("ov_infer_request_set_input_tensor_by_index")
    unsafe getOutputTensor = symbol("ov_infer_request_get_output_tensor_by_index")
    unsafe infer = symbol("ov_infer_request_infer")
    unsafe createTensor = symbol("ov_tensor_create")
    unsafe createTensorInPlace = symbol("ov_tensor_create_from_host_ptr")
    unsafe freeTensor = symbol("ov_tensor_free")
    unsafe getTensorShape = symbol("ov_tensor_get_shape")
    unsafe getTensorByteSize = symbol("ov_tensor_get_byte_size")
    unsafe getTensorData = symbol("ov_tensor_data")
    unsafe freeShape = symbol("ov_shape_free")
    guard missing.isEmpty else {
      throw EngineError("'\(path)' lacks \(missing.joined(separator: ", ")): OpenVINO 2026.4 or later is needed")
    }
  }

  /// Throws what OpenVINO says of a call that failed, in one line.
  func check(_ status: Status) throws {
    guard status != 0 else { return }
    guard let text = unsafe getLastErrorMessage() else { throw EngineError("OpenVINO failed with status \(status)") }
    defer { unsafe freeText(text) }
    throw EngineError(
      OpenVINOMessage.firstLine(unsafe String(cString: text)) ?? "OpenVINO failed with status \(status)"
    )
  }
}
