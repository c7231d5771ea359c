import Testing

struct LayersTests {
  @Test func importsRunDownwardsOnly() throws {
    let files = try SourceFile.all()
    #expect(files.contains { $0.path == "Sources/FleetCore/Node/NodeName.swift" }, "the sources were found")
    let violations = files.flatMap(Layers.violations)
    #expect(violations.isEmpty, "\n\(violations.joined(separator: "\n"))\n")
  }

  @Test func sourcesAreShortAndLeaveNothingUndone() throws {
    let blemishes = try SourceFile.all().flatMap(Layers.blemishes)
    #expect(blemishes.isEmpty, "\n\(blemishes.joined(separator: "\n"))\n")
  }

  @Test(arguments: [
    ("import A", "A"), ("  import A", "A"), ("package import A", "A"), ("@preconcurrency import A", "A"),
    ("@_spi(X) package import A.B", "A"), ("import struct A.B", "A"), ("internal\timport  A // why", "A"),
    ("import A; import B", "A B"), ("// import A", ""), ("/// import A", ""), ("important = 1", ""),
    ("let a = \"import A\"", ""),
    ("#if canImport(FoundationEssentials)\nimport A\n#else\nimport B\n#endif\nimport C", "A C"),
    ("#if os(Linux)\nimport A\n#else\nimport B\n#endif", "A B"),
  ])
  func readsImports(_ text: String, _ modules: String) {
    let file = SourceFile(path: "Sources/FleetCore/A.swift", text: text)
    #expect(file.imports.map(\.module).joined(separator: " ") == modules)
  }

  @Test func namesFileAndLineOfWhatIsWrong() {
    let upwards = SourceFile(path: "Sources/FleetCore/A.swift", text: "/// A.\nimport Foundation\nimport FleetWire\n")
    #expect(
      Layers.violations(in: upwards) == [
        "Sources/FleetCore/A.swift:2: FleetCore may not import Foundation",
        "Sources/FleetCore/A.swift:3: FleetCore may not import FleetWire",
      ]
    )
    let curses = SourceFile(path: "Sources/Terminal/Key.swift", text: "import CNcurses")
    #expect(
      Layers.violations(in: curses) == [
        "Sources/Terminal/Key.swift:1: only Sources/Terminal/NcursesScreen.swift may import CNcurses"
      ]
    )
    let unknown = SourceFile(path: "Sources/Other/A.swift", text: "")
    #expect(
      Layers.violations(in: unknown) == [
        "Sources/Other/A.swift:1: the target 'Other' has no row in the table of Tests/LayersTests/Layers.swift"
      ]
    )
  }

  @Test func seesBlemishes() {
    let text = String(repeating: "\n", count: 398) + "try! a()\nfatalError() // FIXME\n"
    #expect(
      Layers.blemishes(in: SourceFile(path: "Sources/fleet/A.swift", text: text)) == [
        "Sources/fleet/A.swift:399: 'try!'", "Sources/fleet/A.swift:400: 'fatalError('",
        "Sources/fleet/A.swift:400: 'FIXME'",
      ]
    )
    let long = SourceFile(path: "Sources/fleet/A.swift", text: text + "// TODO\n")
    #expect(Layers.blemishes(in: long).first == "Sources/fleet/A.swift:401: 401 lines are more than 400; split it")
    #expect(Layers.blemishes(in: SourceFile(path: "Sources/FleetWire/Generated/a.pb.swift", text: text)).isEmpty)
  }
}
