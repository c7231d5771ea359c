internal import FleetCore

/// What keys do to jobs.
enum JobKeys {
  /// The Jobs view.
  static func show(_ state: inout FleetState) -> [Effect] {
    state.interface.page = .jobs
    return JobListNews.read(&state)
  }

  static func open(_ id: String, _ state: inout FleetState) {
    state.interface.page = .job(id)
    state.interface.jobSelection = id
    state.interface.jobScroll = nil
    if state.jobs.page?.job.id != id { state.jobs.page = nil }
  }

  /// Asks at once for what can be taken back; for what cannot, a dialog asks once more.
  static func wish(_ wish: JobWish, _ state: inout FleetState) -> [Effect] {
    guard let job = state.chosenJob else { return [] }
    switch wish {
    case .pause, .resume: return ask(wish, of: job.id, &state)
    case .cancel, .undo:
      state.interface.overlay = .wish(WishForm(wish: wish, job: job.id))
      return []
    }
  }

  static func ask(_ wish: JobWish, of id: String, _ state: inout FleetState) -> [Effect] {
    state.jobs.asked[id] = wish
    state.tell(.neutral, nil, "\(id): \(wish.rawValue) asked by \(state.operatorName)")
    return [.askJob(wish, of: id)]
  }

  static func move(_ step: Int, _ state: inout FleetState) {
    let list = state.jobs.list
    guard !list.isEmpty else { return }
    let index = list.firstIndex { $0.id == state.interface.jobSelection }
    state.interface.jobSelection = list[min(max(index.map { $0 + step } ?? 0, 0), list.count - 1)].id
  }

  /// From where the page stands by itself, once somebody scrolls.
  static func scroll(_ step: Int, _ state: inout FleetState) {
    let (first, last) = JobView.scroll(state)
    state.interface.jobScroll = min(max(0, first + step), last)
  }
}

extension FleetState {
  /// The job that is open or selected.
  var chosenJob: ListedJob? {
    switch interface.page {
    case .fleet, .node, .alerts, .why: nil
    case .jobs: interface.jobSelection.flatMap(jobs.job)
    case .job(let id): jobs.job(id) ?? (jobs.page?.job.id == id ? jobs.page?.job : nil)
    }
  }
}
