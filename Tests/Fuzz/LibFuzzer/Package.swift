// swift-tools-version: 6.2
import PackageDescription

// The server's sources again, as a package of their own: instrumented, without what does not serve, and with all optimization.
let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

let package = Package(
  name: "fleet-fuzz",
  platforms: [.macOS(.v15)],
  dependencies: [
    .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0", traits: []),
  ],
  targets: [
    .target(
      name: "FleetCore",
      dependencies: [
        .product(name: "Histogram", package: "hdrhistogram-swift"),
        .product(name: "Crypto", package: "swift-crypto"),
      ],
      swiftSettings: settings
    ),
    .target(
      name: "FleetWire",
      dependencies: ["FleetCore"],
      exclude: ["Client", "Coding", "Generated", "Proto", "Security", "Server", "PeerAddress.swift"],
      swiftSettings: settings
    ),
    .systemLibrary(name: "CZlib"),
    .target(
      name: "FleetServing",
      dependencies: [
        "FleetCore", "FleetWire", "CZlib",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOHTTP2", package: "swift-nio-http2"),
        .product(name: "NIOHPACK", package: "swift-nio-http2"),
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      exclude: ["GRPC/Proto", "GRPC/Generated/STAMP"],
      swiftSettings: settings
    ),
    .target(
      name: "FleetFuzz",
      dependencies: [
        "FleetCore", "FleetServing",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
      ],
      swiftSettings: settings
    ),
    .executableTarget(
      name: "fuzz",
      dependencies: ["FleetFuzz"],
      swiftSettings: settings + [.unsafeFlags(["-parse-as-library"])]
    ),
  ]
)
