/// Why something cannot be asked of a job now, in words for the user; nil when it can.
enum JobAvailabilities {
  static func open(_ state: FleetState) -> String? {
    if case .job = state.interface.page { return "the job is open already" }
    return state.chosenJob == nil ? "no job is selected" : nil
  }

  static func pause(_ state: FleetState) -> String? {
    guard let job = state.chosenJob else { return "no job is selected" }
    switch job.state {
    case .queued, .running: return busy(job, state)
    case .paused: return "\(job.id) is paused already; r resumes"
    case .interrupted: return "\(job.id) is interrupted, so there is nothing to pause; r resumes"
    case .succeeded, .failed, .cancelled, .undone: return ended(job)
    }
  }

  static func resume(_ state: FleetState) -> String? {
    guard let job = state.chosenJob else { return "no job is selected" }
    switch job.state {
    case .queued, .running: return "\(job.id) is \(job.state.rawValue) already"
    case .paused, .interrupted: return busy(job, state)
    case .succeeded, .failed, .cancelled, .undone: return ended(job)
    }
  }

  static func cancel(_ state: FleetState) -> String? {
    guard let job = state.chosenJob else { return "no job is selected" }
    return job.state.isEnded ? ended(job) : busy(job, state)
  }

  static func undo(_ state: FleetState) -> String? {
    guard let job = state.chosenJob else { return "no job is selected" }
    return job.state == .undone ? ended(job) : busy(job, state)
  }

  private static func ended(_ job: ListedJob) -> String { "\(job.id) has ended already: \(job.state.rawValue)" }

  private static func busy(_ job: ListedJob, _ state: FleetState) -> String? {
    state.jobs.asked[job.id].map { "\(job.id): \($0.rawValue) is being asked" }
  }
}
