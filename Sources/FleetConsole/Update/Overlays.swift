internal import FleetCore
internal import Terminal

/// Keys in whatever lies over the page.
enum Overlays {
  static func form(for action: Action.ID, _ state: FleetState) -> Interface.Overlay? {
    let names = state.selectedNodes.filter { $0.isReachable(at: state.now) }
    switch action {
    case .drain: return .drain(DrainForm(state))
    case .undrain:
      return .confirm(
        ConfirmForm(kind: .undrain, nodes: names.filter { $0.last?.availability != .serving }.map(\.name))
      )
    case .rollback:
      let able = names.filter { $0.description?.repository.contains { $0.role == .previous } ?? false }
      guard let model = able.first?.description?.repository.first(where: { $0.role == .previous })?.version.name else {
        return nil
      }
      return .confirm(ConfirmForm(kind: .rollback(model: model), nodes: able.map(\.name)))
    default: return nil
    }
  }

  static func handle(_ key: Key, in overlay: Interface.Overlay, _ state: inout FleetState) -> [Effect] {
    let height = state.interface.size?.height ?? 0
    switch overlay {
    case .help(let scroll):
      state.interface.overlay = scrolled(scroll, key, last: HelpView.lastScroll(height: height)).map {
        .help(scroll: $0)
      }
    case .events(let scroll):
      state.interface.overlay = scrolled(scroll, key, last: EventsView.lastScroll(state, height: height)).map {
        .events(scroll: $0)
      }
    case .progress:
      switch key {
      case .escape, .enter, .character("q"): state.interface.overlay = nil
      case .character("x") where state.isJobRunning: return [.cancelJob]
      default: break
      }
    case .push(var form):
      let answer = form.handle(key)
      state.interface.overlay = answer == .cancelled ? nil : .push(form)
      guard answer == .confirmed, let order = form.order else { return [] }
      return begin(order, &state)
    case .drain(var form):
      let answer = form.handle(key)
      state.interface.overlay = answer == .cancelled ? nil : .drain(form)
      guard answer == .confirmed else { return [] }
      let plan = form.plan(by: state.operatorName)
      begin(
        .drain,
        plan.nodes.count == 1 ? "drain \(plan.nodes[0])" : "drain \(plan.nodes.count) nodes",
        plan.nodes,
        &state
      )
      return [.drain(plan)]
    case .confirm(var form):
      let answer = form.handle(key)
      state.interface.overlay = answer == .cancelled ? nil : .confirm(form)
      guard answer == .confirmed, !form.nodes.isEmpty else { return [] }
      return confirm(form, &state)
    case .wish(var form):
      let answer = form.handle(key)
      state.interface.overlay = answer == .open ? .wish(form) : nil
      guard answer == .confirmed else { return [] }
      return JobKeys.ask(form.wish, of: form.job, &state)
    }
    return []
  }

  /// The Jobs view shows what becomes of it.
  private static func begin(_ order: PushOrder, _ state: inout FleetState) -> [Effect] {
    state.interface.overlay = nil
    state.interface.page = .jobs
    state.interface.notice = "recording the push as a job ..."
    state.jobs.isOrdering = true
    state.tell(.neutral, nil, "push \(order.model.version) to \(order.target): ordered by \(state.operatorName)")
    return [.orderPush(order)] + JobListNews.read(&state)
  }

  private static func confirm(_ form: ConfirmForm, _ state: inout FleetState) -> [Effect] {
    switch form.kind {
    case .undrain:
      let title = form.nodes.count == 1 ? "undrain \(form.nodes[0])" : "undrain \(form.nodes.count) nodes"
      begin(.undrain, title, form.nodes, &state)
      return [.undrain(form.nodes)]
    case .rollback(let model):
      begin(.rollback, "roll back \(model)", form.nodes, &state)
      return [.rollback(RollbackPlan(model: model, nodes: form.nodes))]
    }
  }

  private static func begin(_ kind: JobReport.Kind, _ title: String, _ nodes: [NodeName], _ state: inout FleetState) {
    state.job = JobReport(kind: kind, title: title, nodes: nodes)
    state.interface.overlay = .progress
    state.tell(.neutral, nodes.count == 1 ? nodes[0] : nil, "\(title): begun by \(state.operatorName)")
  }

  /// The new position; nil closes the list.
  private static func scrolled(_ scroll: Int, _ key: Key, last: Int) -> Int? {
    let step: Int
    switch key {
    case .up, .character("k"): step = -1
    case .down, .character("j"): step = 1
    case .pageUp: step = -10
    case .pageDown: step = 10
    case .home: step = -scroll
    case .end: step = last
    case .escape, .enter, .character("q"), .character("?"), .character("e"), .backspace: return nil
    default: step = 0
    }
    return min(max(0, scroll + step), last)
  }
}
