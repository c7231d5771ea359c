import FleetCore
import Foundation
import Terminal
import Testing

@testable import FleetConsole

/// Whatever the size: no crash, the size asked for, and something to read from 20x3 on.
@Suite struct LayoutInvariantTests {
  private static func scenes() -> [(String, FleetFixture)] {
    var scenes = [("fleet", FleetFixture.degraded().selecting("denver-02/b")), ("empty", FleetFixture(stores: []))]
    let openings: [(String, [Key])] = [
      ("node", [.enter]), ("push", [.character("p")]), ("drain", [.character("d")]), ("help", [.character("?")]),
      ("events", [.character("e")]), ("filter", [.character("/"), .character("x")]),
    ]
    for (name, keys) in openings {
      let fleet = scenes[0].1
      for key in keys { fleet.send(.key(key)) }
      scenes.append((name, fleet))
    }
    for (name, key) in [("alerts", "A"), ("why", "w")] as [(String, Character)] {
      let fleet = FleetFixture.withAlerts().selecting("denver-02/b")
      fleet.press(.character(key))
      scenes.append((name, fleet))
    }
    let panel = FleetFixture.draining().selecting("denver-02/b")
    panel.press(.enter)
    scenes.append(("drain panel", panel))
    let jobs = FleetFixture.withJobs()
    jobs.press(.character("J"))
    scenes.append(("jobs", jobs))
    for (name, keys) in [("job", []), ("undo", [Key.character("u")])] as [(String, [Key])] {
      let report = JobFixture.running()
      let fleet = FleetFixture.onJob(JobFixture.job(12, .running, report: report), report)
      for key in keys { fleet.send(.key(key)) }
      scenes.append((name, fleet))
    }
    return scenes
  }

  /// All small sizes and both sides of every width and height at which a layout changes; every size there is with
  /// `LAYOUT_THOROUGH=1`, which takes many minutes.
  private static let isThorough = ProcessInfo.processInfo.environment["LAYOUT_THOROUGH"] == "1"
  private static let widths =
    isThorough
    ? Array(0...300)
    : Array(0...22) + [30, 35, 36, 37, 44, 59, 60, 63, 64, 79, 80, 95, 96, 99, 100, 149, 150, 200, 300]
  private static let heights =
    isThorough ? Array(0...100) : Array(0...9) + [11, 12, 13, 19, 24, 29, 37, 50, 100]

  @Test func everySizeShowsSomethingAndNothingOutside() async {
    for (name, fleet) in Self.scenes() {
      for width in Self.widths {
        // Tests with clocks wait for the same few threads.
        await Task.yield()
        for height in Self.heights where Self.isThorough || name == "fleet" || (width + height).isMultiple(of: 4) {
          let buffer = fleet.screen(width, height)
          guard buffer.size == Size(width: width, height: height), buffer.cells.count == width * height else {
            Issue.record("\(name) \(width)x\(height): wrong size")
            continue
          }
          if let cursor = buffer.cursor, !buffer.bounds.contains(cursor) {
            Issue.record("\(name) \(width)x\(height): cursor at \(cursor)")
          }
          if width >= 20, height >= 3, !buffer.cells.contains(where: { $0.glyph != " " }) {
            Issue.record("\(name) \(width)x\(height): empty")
          }
        }
      }
    }
  }

  @Test func buttonsStayWhateverTheHeight() {
    let fleet = FleetFixture.healthy()
    fleet.press(.character("p"))
    for height in 3...60 {
      #expect(fleet.screen(40, height).text.contains("[ Cancel ]"), "40x\(height)")
    }
  }

  @Test func theTruthFitsIntoThreeLines() {
    let text = FleetFixture.degraded().screen(20, 3).text
    #expect(text.contains("●5") && text.contains("✖1"))
    #expect(text.contains("denver-02/b"))
  }

  @Test func strangeNamesKeepColumnsInPlace() {
    let fleet = FleetFixture()
    fleet.run(seconds: 12) { frame, _ in
      frame.reasons = ["p99 \u{1B}[2J 日本語 e\u{301}\n\u{202E}"]
      frame.health = .degraded
    }
    for line in fleet.screen(160, 50).text.split(separator: "\n") where line.hasPrefix("│") {
      #expect(line.unicodeScalars.count == 160)
      #expect(!line.unicodeScalars.contains { $0.value < 0x20 })
    }
  }
}
