package import Terminal

/// What a colour is for. A theme gives each role one colour; nothing on screen is coloured but by its role.
package enum Role: String, CaseIterable, Sendable {
  case background, selection
  case text, muted, border, title, key
  case ok, warning, critical, stale, accent
  case chart1, chart2, chart3
}

package struct Theme: Sendable, Equatable {
  package let name: String
  private let colors: [Role: Color]
  private let attributes: [Role: Style.Attributes]

  package init(
    name: String,
    colors: [Role: Color],
    attributes: [Role: Style.Attributes] = [.title: .bold, .key: .bold]
  ) {
    self.name = name
    self.colors = colors
    self.attributes = attributes
  }

  package func color(_ role: Role) -> Color { colors[role] ?? .standard }

  /// The role's colour on the theme's background.
  package func callAsFunction(_ role: Role) -> Style {
    let foreground: Role = role == .background || role == .selection ? .text : role
    return Style(
      foreground: color(foreground),
      background: color(role == .selection ? .selection : .background),
      attributes: attributes[role] ?? []
    )
  }

  /// For terminals without colours, and for people who set NO_COLOR: glyphs and words say all of it.
  package static let monochrome = Theme(
    name: "monochrome",
    colors: [:],
    attributes: [
      .title: .bold, .key: .bold, .selection: .reverse, .critical: .bold, .warning: .bold, .stale: .dim, .border: .dim,
    ]
  )
}
