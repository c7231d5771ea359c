internal import FleetCore
internal import Terminal

/// Keys for a border, from the registry of actions; those that cannot be had now are dark.
enum Hints {
  static func spans(_ ids: [Action.ID], _ state: FleetState, _ theme: Theme, width: Int) -> [Span] {
    var spans: [Span] = []
    for id in ids {
      guard let action = ActionRegistry.all.first(where: { $0.id == id }) else { continue }
      let title = action.hint ?? (id == .back ? "back" : "")
      let isDark = action.disabledReason(state) != nil
      let item = [
        Span(spans.isEmpty ? "" : "  ", theme(.border)), Span(action.label, isDark ? theme(.border) : theme(.key)),
        Span(" \(title)", isDark ? theme(.border) : theme(.muted)),
      ]
      guard spans.width + item.width <= width else { continue }
      spans += item
    }
    return spans
  }
}
