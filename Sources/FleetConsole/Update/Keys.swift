internal import FleetCore
internal import Terminal

/// What a key does. While a text is typed or a dialog is open, keys go there and nowhere else.
enum Keys {
  static func handle(_ key: Key, _ state: inout FleetState) -> [Effect] {
    let wasAsked = state.job.map { state.interface.notice == StopWords.quitQuestion($0.kind) } ?? false
    state.interface.notice = nil
    if key == .control("c") { return [.quit] }
    if state.interface.filterInput != nil {
      Filtering.handle(key, &state)
      return []
    }
    if let overlay = state.interface.overlay { return Overlays.handle(key, in: overlay, &state) }
    guard let action = ActionRegistry.action(for: key, on: state.interface.page) else {
      if let elsewhere = ActionRegistry.scopeElsewhere(of: key, on: state.interface.page) {
        state.interface.notice = elsewhere.words
      }
      return []
    }
    if let reason = action.disabledReason(state) {
      state.interface.notice = reason
      return []
    }
    return perform(action.id, &state, quitWasAsked: wasAsked)
  }

  private static func perform(_ id: Action.ID, _ state: inout FleetState, quitWasAsked: Bool) -> [Effect] {
    switch id {
    case .open: return open(&state)
    case .push: state.interface.overlay = .push(PushForm(state))
    case .jobs: return JobKeys.show(&state)
    case .alerts: return AlertKeys.show(&state)
    case .acknowledge: return AlertKeys.acknowledge(&state)
    case .why: why(&state)
    case .pause: return JobKeys.wish(.pause, &state)
    case .resume: return JobKeys.wish(.resume, &state)
    case .cancel: return JobKeys.wish(.cancel, &state)
    case .undo: return JobKeys.wish(.undo, &state)
    case .drain, .undrain, .rollback:
      state.interface.overlay = state.isJobRunning ? .progress : Overlays.form(for: id, state)
    case .filter: state.interface.filterInput = TextInput(state.interface.filterText)
    case .sort:
      let all = SortKey.allCases
      state.interface.sort = all[(state.interface.sort.rawValue + 1) % all.count]
    case .theme:
      state.interface.themeIndex = (state.interface.themeIndex + 1) % state.interface.themeNames.count
      let name = state.interface.themeNames[state.interface.themeIndex]
      state.interface.notice = "theme: \(name)"
      return [.setTheme(name)]
    case .events: state.interface.overlay = .events(scroll: 0)
    case .help: state.interface.overlay = .help(scroll: 0)
    case .back: back(&state)
    case .quit:
      guard let job = state.job, job.state == .running, !quitWasAsked else { return [.quit] }
      state.interface.notice = StopWords.quitQuestion(job.kind)
    case .up: move(-1, &state)
    case .down: move(1, &state)
    case .pageUp: move(-10, &state)
    case .pageDown: move(10, &state)
    case .first: move(-100_000, &state)
    case .last: move(100_000, &state)
    }
    return []
  }

  private static func open(_ state: inout FleetState) -> [Effect] {
    switch state.interface.page {
    case .jobs:
      guard let job = state.chosenJob else { return [] }
      JobKeys.open(job.id, &state)
      return JobListNews.read(&state)
    case .alerts:
      AlertKeys.open(&state)
      return []
    case .why(let name):
      state.interface.page = .node(name)
      state.interface.pageScroll = 0
      return []
    case .fleet, .node, .job: break
    }
    switch state.interface.selection {
    case .node(let name):
      state.interface.page = .node(name)
      state.interface.pageScroll = 0
    case .store(let store):
      if state.interface.collapsed.remove(store) == nil { state.interface.collapsed.insert(store) }
    case nil: break
    }
    return []
  }

  private static func back(_ state: inout FleetState) {
    switch state.interface.page {
    case .fleet: Filtering.clear(&state)
    case .node, .jobs, .alerts: state.interface.page = .fleet
    case .job: state.interface.page = .jobs
    case .why(let name):
      state.interface.page = .node(name)
      state.interface.pageScroll = 0
    }
  }

  private static func why(_ state: inout FleetState) {
    guard let name = state.selectedNodes.first?.name else { return }
    state.interface.page = .why(name)
    state.interface.pageScroll = 0
  }

  private static func move(_ step: Int, _ state: inout FleetState) {
    switch state.interface.page {
    case .fleet: break
    case .node:
      state.interface.pageScroll = min(max(0, state.interface.pageScroll + step), NodeView.lastScroll(state))
      return
    case .why:
      state.interface.pageScroll = min(max(0, state.interface.pageScroll + step), WhyView.lastScroll(state))
      return
    case .alerts: return AlertKeys.move(step, &state)
    case .jobs: return JobKeys.move(step, &state)
    case .job: return JobKeys.scroll(step, &state)
    }
    let rows = FleetRows.rows(state)
    guard !rows.isEmpty else { return }
    let index = rows.firstIndex { $0.selection == state.interface.selection }
    let target = index.map { $0 + step } ?? 0
    state.interface.selection = rows[min(max(target, 0), rows.count - 1)].selection
  }
}
