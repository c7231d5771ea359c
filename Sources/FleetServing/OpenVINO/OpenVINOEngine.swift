package import FleetCore
package import FleetWire
import Glibc
import Synchronization

/// OpenVINO through its C API, with the devices it finds on this machine.
package final class OpenVINOEngine: InferenceEngine {
  package let runtime: String
  package let devices: [EngineDevice]
  package var device: String { deviceInUse.withLock { $0 } }

  private let symbols: OpenVINOSymbols
  private let core: OpenVINOHandle
  private let cacheDirectory: String?
  /// In order of preference.
  private let candidates: [String]
  private let deviceInUse: Mutex<String>

  /// A model smaller than this is answered sooner by one core than by several that have to be woken, and leaves the others to
  /// the machine's other work.
  private static let singleThreadBytes = 4 << 20

  /// Opens the library and asks for its devices. Throws `EngineError`.
  package init(searchPath: [String] = [], device asked: String? = nil, cacheDirectory: String? = nil) throws {
    Self.leaveThreadsWhereTheyAre()
    let symbols = try OpenVINOSymbols(opening: OpenVINOLibrary.find(searchPath: searchPath))
    let core = try unsafe OpenVINOHandle(symbols, freedBy: symbols.freeCore) { unsafe symbols.createCore($0) }
    let found = try Self.devices(of: core, symbols)
    candidates = try Self.candidates(among: found.map(\.id), asked: asked)
    deviceInUse = Mutex(candidates[0])
    runtime = "OpenVINO \(try Self.version(symbols))"
    devices = found
    self.symbols = symbols
    self.core = core
    self.cacheDirectory = cacheDirectory
  }

  /// TBB binds the calling thread to cores before each inference and unbinds it after, three system calls and often a move to
  /// another core, whatever is asked about pinning. hwloc, which does it for TBB, reads this variable when it is loaded; one that is
  /// set already is left as it is.
  private static func leaveThreadsWhereTheyAre() {
    unsafe setenv("HWLOC_THISSYSTEM", "0", 0)
  }

  package func load(folder: String) throws -> any LoadedModel {
    try load(folder: folder, options: ModelOptions())
  }

  package func load(folder: String, options: ModelOptions) throws -> any LoadedModel {
    let path = try ModelFile.find(in: folder)
    var failure = EngineError("no device")
    for device in candidates {
      do {
        let model = try compile(path, on: device, options.hint)
        deviceInUse.withLock { $0 = device }
        return model
      } catch let error as EngineError {
        failure = error
      }
    }
    throw failure
  }

  /// Only processors are shared by what computes on them in ways that a hint changes much; on other devices `auto` is `latency`.
  private func compile(_ path: String, on device: String, _ hint: ModelOptions.Hint) throws -> any LoadedModel {
    guard hint == .auto else { return try compileOnce(path, on: device, hint) }
    let alone = try compileOnce(path, on: device, .latency)
    guard device == "CPU" else { return alone }
    return AdaptiveModel(alone: alone) { [self] in try compileOnce(path, on: device, .throughput) }
  }

  private func compileOnce(_ path: String, on device: String, _ hint: ModelOptions.Hint) throws -> OpenVINOModel {
    var properties = [("PERFORMANCE_HINT", hint.rawValue.uppercased())]
    if device == "CPU" {
      if hint == .latency, ModelFile.bytes(path) < Self.singleThreadBytes {
        properties.append(("INFERENCE_NUM_THREADS", "1"))
      }
      // Pinned threads of several engines on one machine would share the first core.
      properties.append(("ENABLE_CPU_PINNING", "NO"))
      // On processors that compute with 16 bits the plugin does so unasked, and is wrong in the third digit.
      properties.append(("INFERENCE_PRECISION_HINT", "f32"))
    }
    if let cacheDirectory { properties.append(("CACHE_DIR", cacheDirectory)) }
    let compiled = try unsafe CStrings.withPairs(properties) { pairs in
      try unsafe OpenVINOHandle(symbols, freedBy: symbols.freeCompiledModel) { made in
        unsafe symbols.compileFromFile(core.pointer, path, device, properties.count, pairs, made)
      }
    }
    return try OpenVINOModel(symbols, core: core, compiled: compiled)
  }

  /// The asked device alone, or all in order of preference: GPUs compute most per second, NPUs most per joule.
  private static func candidates(among found: [String], asked: String?) throws -> [String] {
    if let asked {
      guard let match = found.first(where: { $0 == asked || $0.hasPrefix("\(asked).") }) else {
        let finds = "OpenVINO finds \(found.joined(separator: ", "))"
        throw EngineError("\(EngineStatus.noDevice)\(asked)' on this machine; \(finds)")
      }
      return [match]
    }
    let ranked = ["GPU", "NPU", "CPU"].flatMap { kind in found.filter { $0 == kind || $0.hasPrefix("\(kind).") } }
    guard !ranked.isEmpty else { throw EngineError("OpenVINO finds no CPU, GPU or NPU on this machine") }
    return ranked
  }

  private static func devices(of core: OpenVINOHandle, _ symbols: OpenVINOSymbols) throws -> [EngineDevice] {
    var list = [0, 0]
    try symbols.check(unsafe symbols.getAvailableDevices(core.pointer, &list))
    defer { unsafe symbols.freeAvailableDevices(&list) }
    let names = unsafe UnsafePointer<UnsafePointer<CChar>?>(bitPattern: list[0])
    return (0..<list[1]).compactMap { index in
      guard let name = unsafe names?[index] else { return nil }
      let id = unsafe String(cString: name)
      return EngineDevice(id: id, name: fullName(of: id, core, symbols) ?? id)
    }
  }

  private static func fullName(of device: String, _ core: OpenVINOHandle, _ symbols: OpenVINOSymbols) -> String? {
    var text: UnsafeMutablePointer<CChar>?
    guard unsafe symbols.getProperty(core.pointer, device, "FULL_DEVICE_NAME", &text) == 0, let text = unsafe text
    else {
      return nil
    }
    defer { unsafe symbols.freeText(text) }
    let name = unsafe String(cString: text).split(whereSeparator: \.isWhitespace).joined(separator: " ")
    return name.isEmpty ? nil : name
  }

  /// `2026.4.1` of a build number such as `2026.4.1-21823-...`.
  private static func version(_ symbols: OpenVINOSymbols) throws -> String {
    var words = [0, 0]
    try symbols.check(unsafe symbols.getVersion(&words))
    defer { unsafe symbols.freeVersion(&words) }
    guard let build = unsafe UnsafePointer<CChar>(bitPattern: words[0]) else { return "of unknown version" }
    return String(unsafe String(cString: build).prefix { $0 != "-" })
  }
}
