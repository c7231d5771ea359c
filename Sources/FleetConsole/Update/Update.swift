internal import FleetCore
internal import Terminal

/// The one place where the console's state changes. Pure: the same state, message and moment give the same result.
package func update(_ state: inout FleetState, _ message: Message, at now: Moment) -> [Effect] {
  state.now = now
  switch message {
  case .tick:
    FleetNews.age(&state)
    return JobListNews.tick(&state) + AlertNews.tick(&state)
  case .resized(let size):
    state.interface.size = size
    return []
  case .key(let key):
    return Keys.handle(key, &state)
  case .described(let name, let description):
    state.change(name) { $0.description = description }
    return []
  case .frame(let name, let frame):
    FleetNews.receive(frame, from: name, &state)
    return state.breaker.observe(frame, at: now.uptime).map { [.holdAutoDrain(name, reason: $0)] } ?? []
  case .linkQueued(let name):
    state.change(name) { $0.queueDial() }
    return []
  case .linkDialled(let name):
    state.change(name) { $0.dial(at: now) }
    return []
  case .linkLost(let name, let reason):
    state.change(name) { $0.linkError = reason }
    return []
  case .traffic(let traffic):
    state.traffic = traffic
    return []
  case .job(let report):
    JobNews.receive(report, &state)
    return []
  case .jobs(let reading):
    JobListNews.receive(reading, &state)
    return []
  case .jobsUnread(let error):
    JobListNews.unread(error, &state)
    return []
  case .jobAnswered(let id, let wish, let result):
    return JobListNews.answered(id, wish, result, &state)
  case .jobOrdered(let result):
    return JobListNews.ordered(result, &state)
  case .alerts(let reading, let recorded):
    AlertNews.receive(reading, recorded: recorded, &state)
    return []
  case .alertsUnread(let error):
    AlertNews.unread(error, &state)
    return []
  case .alertAcknowledged(let id, let result):
    AlertNews.acknowledged(id, result, &state)
    return []
  }
}
