internal import FleetCore

/// What was read of jobs into state and log.
enum JobListNews {
  /// When it is time, another reading.
  static func tick(_ state: inout FleetState) -> [Effect] {
    offer(&state)
    guard state.now.uptime >= state.jobs.nextRead else { return [] }
    return read(&state)
  }

  /// A reading now.
  static func read(_ state: inout FleetState) -> [Effect] {
    let isLookedAt: Bool
    var page: String?
    switch state.interface.page {
    case .fleet, .node, .alerts, .why: isLookedAt = false
    case .jobs: isLookedAt = true
    case .job(let id):
      isLookedAt = true
      page = id
    }
    state.jobs.nextRead = state.now.uptime + (isLookedAt ? JobsState.readInterval : JobsState.idleInterval) - 0.05
    return [.readJobs(page: page)]
  }

  static func receive(_ reading: JobReading, _ state: inout FleetState) {
    let isFirst = state.jobs.read == nil
    let before = Dictionary(state.jobs.list.map { ($0.id, $0.state) }, uniquingKeysWith: { first, _ in first })
    state.jobs.list = reading.jobs
    state.jobs.read = state.now
    state.jobs.problem = nil
    if case .job(let id) = state.interface.page {
      // An answer to what was asked before another job was opened.
      if reading.page?.job.id == id || state.jobs.job(id) == nil { state.jobs.page = reading.page }
    } else {
      state.jobs.page = nil
    }
    if state.interface.jobSelection.flatMap(state.jobs.job) == nil {
      state.interface.jobSelection = reading.jobs.first?.id
    }
    if isFirst {
      state.jobs.offers = state.jobs.interrupted.map(\.id)
    } else {
      for job in reading.jobs.reversed() where before[job.id] != job.state {
        tell(job, isNew: before[job.id] == nil, &state)
      }
    }
    offer(&state)
  }

  static func unread(_ error: CommandError, _ state: inout FleetState) {
    if state.jobs.problem != error.message { state.tell(.warning, nil, "the jobs cannot be read: \(error.message)") }
    state.jobs.problem = error.message
  }

  static func answered(_ id: String, _ wish: JobWish, _ result: Result<String, CommandError>, _ state: inout FleetState)
    -> [Effect]
  {
    state.jobs.asked[id] = nil
    switch result {
    case .success(let words): state.interface.notice = words
    case .failure(let error):
      state.interface.notice = error.message
      state.tell(.warning, nil, "\(id): \(wish.rawValue): \(error.message)")
    }
    return read(&state)
  }

  static func ordered(_ result: Result<OrderedJob, CommandError>, _ state: inout FleetState) -> [Effect] {
    state.jobs.isOrdering = false
    switch result {
    case .success(let ordered):
      for id in ordered.superseded { state.tell(.warning, nil, "\(id) is superseded by \(ordered.id)") }
      state.interface.notice = "\(ordered.id) has begun in a process of its own; it goes on when this screen is closed"
      state.interface.jobSelection = ordered.id
      if state.interface.page == .jobs, state.interface.overlay == nil { JobKeys.open(ordered.id, &state) }
    case .failure(let error):
      state.interface.notice = "no push was begun: \(error.message)"
      state.tell(.critical, nil, "no push was begun: \(error.message)")
    }
    return read(&state)
  }

  /// Opens the dialog for the next interrupted job, as long as nothing else is open.
  private static func offer(_ state: inout FleetState) {
    guard state.interface.overlay == nil, state.interface.filterInput == nil else { return }
    while let id = state.jobs.offers.first {
      state.jobs.offers.removeFirst()
      guard state.jobs.job(id)?.state == .interrupted else { continue }
      state.interface.overlay = .wish(WishForm(wish: .resume, job: id, isOffer: true))
      return
    }
  }

  private static func tell(_ job: ListedJob, isNew: Bool, _ state: inout FleetState) {
    let weight: FleetEvent.Weight =
      switch job.state {
      case .queued, .running, .cancelled, .undone: .neutral
      case .paused: .warning
      case .interrupted, .failed: .critical
      case .succeeded: .good
      }
    let reason = job.reason.isEmpty ? "" : ": \(job.reason)"
    let title = isNew ? " (\(job.title), by \(job.orderedBy))" : ""
    state.tell(weight, nil, "\(job.id) \(job.state.rawValue)\(title)\(reason)")
  }
}
