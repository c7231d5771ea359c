import FleetConfiguration
import Foundation
import Terminal
import Testing

@testable import FleetConsole

@Suite struct ThemeTests {
  private static var folder: String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("themes").path
  }

  @Test func bundledThemesAreReadable() throws {
    let (themes, problems) = ThemeFile.available(folder: Self.folder)
    #expect(problems.isEmpty)
    #expect(Set(themes.map(\.name)) == ["midnight", "daylight", "okabe-ito"])
    #expect(themes.first == .midnight, "the built-in theme and its file say the same")
    let textRoles: [Role] = [.text, .muted, .title, .key, .ok, .warning, .critical, .stale, .accent]
    for theme in themes {
      for role in textRoles {
        for ground in [Role.background, .selection] {
          let contrast = try Self.contrast(theme.color(role), theme.color(ground))
          #expect(contrast >= 4.5, "\(theme.name): \(role) on \(ground) has \(contrast)")
        }
      }
      for role in [Role.chart1, .chart2, .chart3] {
        let contrast = try Self.contrast(theme.color(role), theme.color(.background))
        #expect(contrast >= 3, "\(theme.name): \(role) has \(contrast)")
      }
    }
  }

  /// WCAG 2.2, contrast ratio of relative luminances.
  private static func contrast(_ left: Color, _ right: Color) throws -> Double {
    func luminance(_ color: Color) throws -> Double {
      guard case .rgb(let red, let green, let blue) = color else { throw CocoaError(.featureUnsupported) }
      func linear(_ value: UInt8) -> Double {
        let share = Double(value) / 255
        return share <= 0.04045 ? share / 12.92 : pow((share + 0.055) / 1.055, 2.4)
      }
      return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
    }
    let pair = [try luminance(left), try luminance(right)].sorted()
    return (pair[1] + 0.05) / (pair[0] + 0.05)
  }

  @Test func aWrongThemeNamesEveryProblemWithItsPlace() throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
      "Fixtures/wrong-theme.yaml"
    )
    let text = try String(contentsOf: file, encoding: .utf8)
    let error = #expect(throws: ConfigurationError.self) { try ThemeFile.parse(text: text, file: "themes/x.yaml") }
    let words = error?.description ?? ""
    #expect(
      words.contains(
        "themes/x.yaml:3:15: roles.background: expected a colour such as '#7cc4ff', 0 to 255, or 'default', found 'blueish'"
      )
    )
    #expect(words.contains("themes/x.yaml:4:3: roles: unknown key 'txt'; did you mean 'text'?"))
    #expect(words.contains("'muted' is missing"))
  }

  @Test func noColorStillTellsEverything() {
    let fleet = FleetFixture.degraded().selecting("denver-02/b")
    let buffer = view(fleet.state, theme: .monochrome, size: Size(width: 130, height: 34))
    #expect(buffer.cells.allSatisfy { $0.style.foreground == .standard && $0.style.background == .standard })
    #expect(buffer.text.contains("✖ faulty"))
    #expect(buffer.cells.contains { $0.style.attributes.contains(.reverse) }, "the selection shows")
  }
}
