// swift-tools-version: 6.2
import PackageDescription

/// What every target of ours is compiled with: warnings are errors, and each unsafe expression says so.
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
]

let package = Package(
  name: "fleet",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "fleet", targets: ["fleet"]),
    .executable(name: "fleetd", targets: ["fleetd"]),
  ],
  dependencies: [
    .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
    .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    // Its default traits would bring full Foundation into fleetd.
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0", traits: []),
    .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.3"),
    .package(url: "https://github.com/grpc/grpc-swift-nio-transport", from: "2.9.2"),
    .package(url: "https://github.com/grpc/grpc-swift-protobuf", from: "2.4.1"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    // Values and rules: node, reading, frame, health, query, and the seam `NodeAgent`. No I/O.
    .target(
      name: "FleetCore",
      dependencies: [
        .product(name: "Histogram", package: "hdrhistogram-swift"),
        .product(name: "Crypto", package: "swift-crypto"),
      ],
      swiftSettings: strict
    ),
    // fleet.yaml and theme files, with the position of every problem. Apart because Yams brings Foundation, which fleetd does without.
    .target(
      name: "FleetConfiguration",
      dependencies: ["FleetCore", "Yams"],
      swiftSettings: strict
    ),
    // The only code that knows bytes: protobuf over gRPC between console and agent, frames between agent and engine.
    .target(
      name: "FleetWire",
      dependencies: [
        "FleetCore",
        .product(name: "GRPCCore", package: "grpc-swift-2"),
        .product(name: "GRPCNIOTransportHTTP2", package: "grpc-swift-nio-transport"),
        .product(name: "GRPCProtobuf", package: "grpc-swift-protobuf"),
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
        .product(name: "X509", package: "swift-certificates"),
        .product(name: "SwiftASN1", package: "swift-asn1"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ],
      exclude: ["Proto", "Generated/STAMP"],
      swiftSettings: strict
    ),
    // The certificate authority: `fleet ca`. Apart because only the console's binary may make certificates.
    .target(
      name: "FleetAuthority",
      dependencies: [
        "FleetCore",
        .product(name: "X509", package: "swift-certificates"),
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "SwiftASN1", package: "swift-asn1"),
      ],
      swiftSettings: strict
    ),
    .systemLibrary(name: "CZlib"),
    .systemLibrary(name: "CZstd"),
    // Moving versions cheaply: zstd, deltas between files, and how fast and when bytes may go. Apart because it hides zstd.
    .target(name: "FleetTransfer", dependencies: ["FleetCore", "CZstd"], swiftSettings: strict),
    // The engine process: OpenVINO and the Open Inference Protocol.
    .target(
      name: "FleetServing",
      dependencies: [
        "FleetCore",
        "FleetWire",
        "CZlib",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOHTTP2", package: "swift-nio-http2"),
        .product(name: "NIOHPACK", package: "swift-nio-http2"),
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      exclude: ["GRPC/Proto", "GRPC/Generated/STAMP"],
      swiftSettings: strict
    ),
    // What the kernel offers and Swift's Glibc module lacks.
    .systemLibrary(name: "CLinux"),
    // The agent process: probes, model repository, drain, engine supervisor, health.
    .target(
      name: "FleetAgent",
      dependencies: [
        "FleetCore",
        "FleetWire",
        "FleetTransfer",
        "CLinux",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ],
      swiftSettings: strict
    ),
    // ncurses, its macros and globals made into functions.
    .systemLibrary(name: "CNcurses"),
    // A small screen kit: cells, layout, keys, widgets. Knows nothing of fleets.
    .target(name: "Terminal", dependencies: ["CNcurses"], swiftSettings: strict),
    // What an operator sees and does: state, update, views, jobs. No gRPC, no ncurses.
    .target(
      name: "FleetConsole",
      dependencies: ["FleetCore", "FleetConfiguration", "FleetTransfer", "Terminal"],
      swiftSettings: strict
    ),
    // Jobs on disk: what was ordered, what became of it, and who drives it. Apart because it hides GRDB and SQLite.
    .target(
      name: "FleetJournal",
      dependencies: ["FleetCore", .product(name: "GRDB", package: "GRDB.swift")],
      swiftSettings: strict
    ),
    .executableTarget(
      name: "fleet",
      dependencies: [
        "FleetCore", "FleetConfiguration", "FleetTransfer", "FleetWire", "FleetAuthority", "FleetConsole",
        "FleetJournal", "Terminal",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOHPACK", package: "swift-nio-http2"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ],
      swiftSettings: strict
    ),
    .executableTarget(
      name: "fleetd",
      dependencies: [
        "FleetCore", "FleetWire", "FleetServing", "FleetAgent",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
      ],
      swiftSettings: strict
    ),

    // What several test targets share: the contract of `NodeAgent`, waiting with a deadline, seeds that are printed.
    .target(
      name: "FleetTestSupport",
      dependencies: ["FleetCore"],
      path: "Tests/FleetTestSupport",
      swiftSettings: strict
    ),
    .testTarget(
      name: "FleetCoreTests",
      dependencies: ["FleetCore", "FleetTestSupport", .product(name: "Crypto", package: "swift-crypto")],
      swiftSettings: strict
    ),
    .testTarget(
      name: "FleetTransferTests",
      dependencies: [
        "FleetCore", "FleetTransfer", "FleetWire", "FleetAgent", "FleetAuthority", "FleetConsole", "FleetTestSupport",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ],
      swiftSettings: strict
    ),
    .testTarget(
      name: "FleetConfigurationTests",
      dependencies: ["FleetCore", "FleetConfiguration"],
      swiftSettings: strict
    ),
    .testTarget(
      name: "FleetWireTests",
      dependencies: [
        "FleetCore", "FleetWire", "FleetAuthority", "FleetTestSupport",
        .product(name: "GRPCCore", package: "grpc-swift-2"),
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ],
      swiftSettings: strict
    ),
    .testTarget(
      name: "FleetAuthorityTests",
      dependencies: ["FleetCore", "FleetAuthority", "FleetTestSupport"],
      swiftSettings: strict
    ),
    .testTarget(
      name: "FleetServingTests",
      dependencies: [
        "FleetCore", "FleetWire", "FleetAuthority", "FleetServing", "FleetTestSupport",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOHTTP2", package: "swift-nio-http2"),
        .product(name: "NIOHPACK", package: "swift-nio-http2"),
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      swiftSettings: strict
    ),
    .testTarget(
      name: "FleetAgentTests",
      dependencies: [
        "FleetCore", "FleetWire", "FleetAgent", "FleetTransfer", "FleetTestSupport",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "ServiceLifecycleTestKit", package: "swift-service-lifecycle"),
      ],
      exclude: ["Fixtures"],
      swiftSettings: strict
    ),
    .testTarget(name: "TerminalTests", dependencies: ["Terminal"], swiftSettings: strict),
    .testTarget(
      name: "FleetConsoleTests",
      dependencies: [
        "FleetCore", "FleetConfiguration", "FleetTransfer", "Terminal", "FleetConsole", "FleetTestSupport",
      ],
      exclude: ["Golden", "Fixtures"],
      swiftSettings: strict
    ),
    // Real processes of `fleet` too, which are killed.
    .testTarget(
      name: "FleetJournalTests",
      dependencies: [
        "fleet", "FleetCore", "FleetJournal", "FleetTestSupport", .product(name: "GRDB", package: "GRDB.swift"),
      ],
      swiftSettings: strict
    ),
    .testTarget(
      name: "FleetCommandTests",
      dependencies: [
        "fleet", "FleetCore", "FleetConsole", "FleetJournal", "FleetTestSupport",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOHPACK", package: "swift-nio-http2"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ],
      swiftSettings: strict
    ),
    // What is fuzzed. Tests/Fuzz/run.sh builds it with libFuzzer; here it runs the committed corpus.
    .target(
      name: "FleetFuzz",
      dependencies: [
        "FleetCore", "FleetServing",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
      ],
      path: "Tests/Fuzz/Targets",
      swiftSettings: strict
    ),
    .testTarget(name: "FuzzTests", dependencies: ["FleetFuzz"], path: "Tests/Fuzz/Tests", swiftSettings: strict),
    .testTarget(name: "LayersTests", swiftSettings: strict),
    // Real processes: `fleet demo`, `fleetd`, an engine, a terminal, and clients that nobody here wrote.
    .testTarget(
      name: "EndToEndTests",
      dependencies: ["fleet", "fleetd"],
      exclude: ["Clients"],
      swiftSettings: strict
    ),
  ]
)
