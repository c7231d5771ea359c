import NIOCore
import Synchronization

/// A compiled model with the infer requests made for it so far; each computes one call at a time.
final class OpenVINOModel: LoadedModel {
  let platform = "openvino"
  let inputs: [TensorDescription]
  let outputs: [TensorDescription]
  let parallelism: Int

  /// Whatever a device asks for: each request holds the model's working memory.
  private static let maximumParallelism = 16

  private let symbols: OpenVINOSymbols
  /// Kept alive for the devices' plugins, which it owns.
  private let core: OpenVINOHandle
  private let compiled: OpenVINOHandle
  /// Requests nobody uses, as many as run at a time and, once it was needed, one for a golden set beside them; those of more callers than that
  /// are made for them alone.
  private let idle: Mutex<[OpenVINORequest]>

  init(_ symbols: OpenVINOSymbols, core: OpenVINOHandle, compiled: OpenVINOHandle) throws {
    self.symbols = symbols
    self.core = core
    self.compiled = compiled
    inputs = try unsafe Self.describe(compiled, symbols, count: symbols.getInputCount, port: symbols.getInput)
    outputs = try unsafe Self.describe(compiled, symbols, count: symbols.getOutputCount, port: symbols.getOutput)
    let parallelism = Self.optimalRequests(compiled, symbols)
    self.parallelism = parallelism
    idle = Mutex(try (0..<parallelism).map { _ in try OpenVINORequest(symbols, compiled: compiled) })
  }

  func infer(_ inputs: [Tensor], wanted: [Int]) throws -> [Tensor] {
    try run([inputs], wanted: wanted).outputs
  }

  func run(_ calls: [[Tensor]], wanted: [Int]) throws -> ModelRun {
    let request = try idle.withLock { $0.popLast() } ?? OpenVINORequest(symbols, compiled: compiled)
    // A request whose call failed is not used again: its state is OpenVINO's secret.
    let run = try request.run(calls, outputs: outputs, wanted: wanted)
    let surplus = idle.withLock { idle -> OpenVINORequest? in
      guard idle.count <= parallelism else { return request }
      idle.append(request)
      return nil
    }
    _ = surplus
    return run
  }

  private static func optimalRequests(_ model: OpenVINOHandle, _ symbols: OpenVINOSymbols) -> Int {
    var text: UnsafeMutablePointer<CChar>?
    let status = unsafe symbols.getModelProperty(model.pointer, "OPTIMAL_NUMBER_OF_INFER_REQUESTS", &text)
    guard status == 0, let text = unsafe text else { return 1 }
    defer { unsafe symbols.freeText(text) }
    return min(max(1, Int(unsafe String(cString: text)) ?? 1), maximumParallelism)
  }

  private static func describe(
    _ model: OpenVINOHandle,
    _ symbols: OpenVINOSymbols,
    count: @convention(c) (OpaquePointer, UnsafeMutablePointer<Int>) -> Int32,
    port: @escaping @convention(c) (OpaquePointer, Int, UnsafeMutablePointer<OpaquePointer?>) -> Int32
  ) throws -> [TensorDescription] {
    var number = 0
    try symbols.check(unsafe count(model.pointer, &number))
    return try (0..<number).map { index in
      let port = try unsafe OpenVINOHandle(symbols, freedBy: symbols.freePort) { unsafe port(model.pointer, index, $0) }
      let name = name(of: port, symbols) ?? "tensor\(index)"
      var code: Int32 = 0
      try symbols.check(unsafe symbols.getPortElementType(port.pointer, &code))
      guard let datatype = OpenVINOElementType.datatype(code) else {
        throw EngineError("tensor '\(name)' has element type \(code) of OpenVINO, which cannot be served")
      }
      return TensorDescription(name: name, datatype: datatype, shape: try shape(of: port, named: name, symbols))
    }
  }

  private static func name(of port: OpenVINOHandle, _ symbols: OpenVINOSymbols) -> String? {
    var text: UnsafeMutablePointer<CChar>?
    guard unsafe symbols.getPortName(port.pointer, &text) == 0, let text = unsafe text else { return nil }
    defer { unsafe symbols.freeText(text) }
    return unsafe String(cString: text)
  }

  private static func shape(of port: OpenVINOHandle, named name: String, _ symbols: OpenVINOSymbols) throws -> [Int] {
    var words = [0, 0, 0]
    try symbols.check(unsafe symbols.getPortShape(port.pointer, &words))
    defer { unsafe symbols.freePartialShape(&words) }
    guard words[0] == words[1], words[0] >= 0 else {
      throw EngineError("tensor '\(name)' has no fixed number of dimensions, which cannot be served")
    }
    guard words[0] > 0 else { return [] }
    // Pairs of the least and the greatest length.
    guard let bounds = unsafe UnsafePointer<Int64>(bitPattern: words[2]) else {
      throw EngineError("tensor '\(name)' has no shape")
    }
    return (0..<words[0]).map { index in
      let (least, greatest) = unsafe (bounds[2 * index], bounds[2 * index + 1])
      return least == greatest ? Int(least) : -1
    }
  }
}
