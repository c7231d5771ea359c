import Glibc
import NIOCore

/// One infer request with its input tensors, kept from call to call while their shapes stay the same. Used by one caller at a time:
/// `OpenVINOModel` lends it out, hence Sendable.
final class OpenVINORequest: @unchecked Sendable {
  @safe private struct Input {
    let handle: OpenVINOHandle
    let shape: [Int]
    let memory: UnsafeMutableRawPointer
    let byteCount: Int
    /// False after a call whose bytes were read where they lay.
    var isSet = false
  }

  private let symbols: OpenVINOSymbols
  private let request: OpenVINOHandle
  private var inputs: [Input?] = []

  init(_ symbols: OpenVINOSymbols, compiled: OpenVINOHandle) throws {
    self.symbols = symbols
    request = try unsafe OpenVINOHandle(symbols, freedBy: unsafe symbols.freeInferRequest) {
      unsafe symbols.createInferRequest(compiled.pointer, $0)
    }
  }

  /// `calls` become one run, row behind row.
  func run(_ calls: [[Tensor]], outputs: [TensorDescription], wanted: [Int]) throws -> ModelRun {
    let start = NIODeadline.now()
    // As long as it computes, inputs that were not copied must stay where they are.
    let (written, computed) = try withExtendedLifetime(calls) {
      for index in (calls.first ?? []).indices {
        if calls.count == 1, try lend(calls[0][index], toInput: index) { continue }
        try write(calls.map { $0[index] }, toInput: index)
      }
      let written = NIODeadline.now()
      try symbols.check(unsafe symbols.infer(request.pointer))
      return (written, NIODeadline.now())
    }
    let results = try wanted.map { try read(outputs[$0], fromOutput: $0) }
    return ModelRun(
      outputs: results,
      input: written - start,
      infer: computed - written,
      output: NIODeadline.now() - computed
    )
  }

  /// Has the device read `tensor` where it lies; false when it must be copied, being small, unaligned or not what it says it is.
  private func lend(_ tensor: Tensor, toInput index: Int) throws -> Bool {
    let byteCount = tensor.bytes.readableBytes
    guard byteCount >= TensorAlignment.leastBytes, let size = tensor.datatype.size,
      Tensor.elementCount(tensor.shape)?.multipliedReportingOverflow(by: size).partialValue == byteCount,
      let code = OpenVINOElementType.code(tensor.datatype),
      let address = unsafe tensor.bytes.withUnsafeReadableBytes({ $0.baseAddress }),
      Int(bitPattern: address) % TensorAlignment.alignment == 0
    else { return false }
    let lengths = tensor.shape.map(Int64.init)
    let handle = try unsafe OpenVINOHandle(symbols, freedBy: unsafe symbols.freeTensor) { made in
      unsafe lengths.withUnsafeBufferPointer { buffer in
        let memory = unsafe UnsafeMutableRawPointer(mutating: address)
        return unsafe buffer.baseAddress.map {
          unsafe symbols.createTensorInPlace(code, Int64(lengths.count), $0, memory, made)
        } ?? -1
      }
    }
    try symbols.check(unsafe symbols.setInputTensor(request.pointer, index, handle.pointer))
    if index < inputs.count { inputs[index]?.isSet = false }
    return true
  }

  private func write(_ parts: [Tensor], toInput index: Int) throws {
    guard let first = parts.first else { return }
    while inputs.count <= index { inputs.append(nil) }
    var shape = first.shape
    if parts.count > 1 { shape[0] = parts.reduce(0) { $0 + $1.shape[0] } }
    var input: Input
    if let kept = inputs[index], kept.shape == shape {
      input = kept
    } else {
      input = try makeInput(first, shape: shape)
    }
    if !input.isSet {
      try symbols.check(unsafe symbols.setInputTensor(request.pointer, index, input.handle.pointer))
      input.isSet = true
      inputs[index] = input
    }
    let byteCount = parts.reduce(0) { $0 + $1.bytes.readableBytes }
    guard input.byteCount == byteCount else {
      throw EngineError("input '\(first.name)' takes \(input.byteCount) bytes, found \(byteCount)")
    }
    var offset = 0
    for part in parts {
      unsafe part.bytes.withUnsafeReadableBytes { bytes in
        if let source = bytes.baseAddress { unsafe memcpy(input.memory + offset, source, bytes.count) }
      }
      offset += part.bytes.readableBytes
    }
  }

  private func makeInput(_ tensor: Tensor, shape: [Int]) throws -> Input {
    guard let code = OpenVINOElementType.code(tensor.datatype) else {
      throw EngineError("input '\(tensor.name)' has datatype \(tensor.datatype.rawValue), which OpenVINO does not take")
    }
    let lengths = shape.map(Int64.init)
    let handle = try unsafe OpenVINOHandle(symbols, freedBy: unsafe symbols.freeTensor) { made in
      unsafe lengths.withUnsafeBufferPointer { buffer in
        // A scalar has no lengths, and an empty array no address: any address will do.
        let address = unsafe buffer.baseAddress ?? UnsafePointer(bitPattern: 8)
        return unsafe address.map { unsafe symbols.createTensor(code, Int64(lengths.count), $0, made) } ?? -1
      }
    }
    var byteCount = 0
    try symbols.check(unsafe symbols.getTensorByteSize(handle.pointer, &byteCount))
    return unsafe Input(
      handle: handle,
      shape: shape,
      memory: try memory(of: handle, named: tensor.name),
      byteCount: byteCount
    )
  }

  private func read(_ description: TensorDescription, fromOutput index: Int) throws -> Tensor {
    let handle = try unsafe OpenVINOHandle(symbols, freedBy: unsafe symbols.freeTensor) {
      unsafe symbols.getOutputTensor(request.pointer, index, $0)
    }
    var words = [0, 0]
    try symbols.check(unsafe symbols.getTensorShape(handle.pointer, &words))
    defer { _ = unsafe symbols.freeShape(&words) }
    let lengths = unsafe UnsafePointer<Int64>(bitPattern: words[1])
    let shape = (0..<words[0]).map { unsafe Int(lengths?[$0] ?? 0) }
    var byteCount = 0
    try symbols.check(unsafe symbols.getTensorByteSize(handle.pointer, &byteCount))
    var bytes = ByteBufferAllocator().buffer(capacity: byteCount)
    if byteCount > 0 {
      let memory = try unsafe memory(of: handle, named: description.name)
      unsafe bytes.writeBytes(UnsafeRawBufferPointer(start: memory, count: byteCount))
    }
    return Tensor(name: description.name, datatype: description.datatype, shape: shape, bytes: bytes)
  }

  private func memory(of tensor: OpenVINOHandle, named name: String) throws -> UnsafeMutableRawPointer {
    var address: UnsafeMutableRawPointer?
    try symbols.check(unsafe symbols.getTensorData(tensor.pointer, &address))
    guard let address = unsafe address else { throw EngineError("tensor '\(name)' has no memory") }
    return unsafe address
  }
}
