/// What each target may import. Imports run downwards only: FleetCore knows nobody, and only executables join the rest.
/// SwiftPM does not enforce it, since modules that come along with a dependency can be imported as well.
enum Layers {
  static let allowed: [String: Set<String>] = [
    "FleetCore": ["Histogram", "Crypto", "FoundationEssentials", "Glibc"],
    "FleetConfiguration": ["FleetCore", "Yams", "Foundation"],
    "FleetTransfer": system.union(["FleetCore", "CZstd"]),
    "FleetWire": system.union([
      "FleetCore", "FoundationEssentials", "GRPCCore", "GRPCProtobuf", "GRPCNIOTransportCore", "GRPCNIOTransportHTTP2",
      "NIOCore", "NIOPosix", "NIOSSL", "SwiftProtobuf", "X509", "SwiftASN1", "Crypto", "Logging",
    ]),
    "FleetAuthority": system.union(["FleetCore", "Foundation", "FoundationEssentials", "X509", "SwiftASN1", "Crypto"]),
    "FleetServing": system.union([
      "FleetCore", "FleetWire", "FoundationEssentials", "NIOCore", "NIOPosix", "NIOHTTP1", "NIOHTTP2", "NIOHPACK",
      "NIOConcurrencyHelpers", "SwiftProtobuf", "Logging", "CZlib",
    ]),
    "FleetAgent": system.union([
      "FleetCore", "FleetTransfer", "FleetWire", "FoundationEssentials", "CLinux", "Crypto", "Logging",
      "ServiceLifecycle",
    ]),
    "Terminal": system.union(["CNcurses"]),
    "FleetConsole": [
      "FleetCore", "FleetConfiguration", "FleetTransfer", "Terminal", "Foundation", "FoundationEssentials",
      "Synchronization",
    ],
    "FleetJournal": system.union(["FleetCore", "Foundation", "GRDB"]),
    "fleet": system.union([
      "FleetCore", "FleetConfiguration", "FleetTransfer", "FleetWire", "FleetAuthority", "FleetConsole", "FleetJournal",
      "Terminal",
      "ArgumentParser", "Foundation", "FoundationEssentials", "Logging", "NIOCore", "NIOPosix", "NIOHTTP1", "NIOHPACK",
      "NIOSSL",
    ]),
    "fleetd": system.union([
      "FleetCore", "FleetWire", "FleetServing", "FleetAgent", "ArgumentParser", "FoundationEssentials", "Logging",
      "ServiceLifecycle", "UnixSignals",
    ]),
  ]

  /// What comes with the toolchain and costs a binary nothing.
  private static let system: Set<String> = ["Glibc", "Dispatch", "Synchronization"]

  /// Modules that one file alone may import.
  static let onlyIn = [
    "CNcurses": "Sources/Terminal/NcursesScreen.swift",
    "CLinux": "Sources/FleetAgent/System/BackgroundWork.swift",
    "CZlib": "Sources/FleetServing/Compression/ZlibStream.swift",
    "CZstd": "Sources/FleetTransfer/Zstd/ZstdStream.swift",
  ]

  static let maximumLines = 400
  static let forbiddenText = ["try!", "fatalError(", "TODO", "FIXME"]

  /// What is wrong with the imports of a file, each as `PATH:LINE: PROBLEM`.
  static func violations(in file: SourceFile) -> [String] {
    guard let allowed = allowed[file.target] else {
      return ["\(file.path):1: the target '\(file.target)' has no row in the table of Tests/LayersTests/Layers.swift"]
    }
    return file.imports.flatMap { line, module -> [String] in
      var found: [String] = []
      if !allowed.contains(module) { found.append("\(file.path):\(line): \(file.target) may not import \(module)") }
      if let only = onlyIn[module], only != file.path {
        found.append("\(file.path):\(line): only \(only) may import \(module)")
      }
      return found
    }
  }

  /// What breaks the rules for how sources are written. Generated code is not ours to write.
  static func blemishes(in file: SourceFile) -> [String] {
    if file.path.contains("/Generated/") { return [] }
    var found: [String] = []
    if file.lines.count > maximumLines {
      found.append(
        "\(file.path):\(maximumLines + 1): \(file.lines.count) lines are more than \(maximumLines); split it"
      )
    }
    for (index, line) in file.lines.enumerated() {
      for text in forbiddenText where line.contains(text) { found.append("\(file.path):\(index + 1): '\(text)'") }
    }
    return found
  }
}
