package import FleetCore
internal import FoundationEssentials
internal import Synchronization
package import Terminal

/// The clocks a console goes by; tests bring their own.
package struct ConsoleClock: Sendable {
  package var now: @Sendable () -> Moment
  package var sleep: @Sendable (Duration) async throws -> Void

  package init(now: @escaping @Sendable () -> Moment, sleep: @escaping @Sendable (Duration) async throws -> Void) {
    self.now = now
    self.sleep = sleep
  }

  /// The machine's clocks.
  package static func system() -> ConsoleClock {
    let start = ContinuousClock.now
    return ConsoleClock(
      now: { Moment(uptime: start.duration(to: .now).seconds, date: Date()) },
      sleep: { try await Task.sleep(for: $0) }
    )
  }
}

/// The event loop: everything that happens becomes a `Message`, `update` makes state and effects of it, `view` makes cells
/// of the state. Keys show at once, at most 10 times a second; news of nodes are gathered and show twice a second.
package struct Console {
  package static let keyInterval = 0.1
  package static let newsInterval = 0.5

  private let agents: AgentDirectory
  private let themes: [Theme]
  private let clock: ConsoleClock
  private let onTheme: @Sendable (String) -> Void
  private let catalog: any JobCatalog
  private let alerts: (any AlertCatalog)?

  /// `themes` in the order in which the theme key goes through them, the first one first. `onTheme` hears the name of a theme
  /// that the user chose.
  package init(
    agents: [any NodeAgent],
    themes: [Theme] = [.midnight],
    clock: ConsoleClock = .system(),
    jobs catalog: any JobCatalog = NoJobs(),
    alerts: (any AlertCatalog)? = nil,
    onTheme: @escaping @Sendable (String) -> Void = { _ in }
  ) {
    self.agents = AgentDirectory(agents)
    self.themes = themes.isEmpty ? [.midnight] : themes
    self.clock = clock
    self.catalog = catalog
    self.alerts = alerts
    self.onTheme = onTheme
  }

  private enum Event: Sendable {
    case message(Message)
    case redraw
    case resized
    case inputEnded
  }

  /// Shows the fleet until the user quits or the input ends; gives the last state. `extra` brings messages from elsewhere,
  /// such as the demo's traffic. Every child task has ended and the screen is closed when this returns.
  package func run(
    definition: FleetDefinition,
    library: ModelLibrary,
    operatorName: String,
    utcOffset: Int,
    screen: some Screen,
    input: AsyncStream<Input>,
    extra: AsyncStream<Message>? = nil
  ) async -> FleetState {
    let isMonochrome = screen.depth == .monochrome
    let themes = isMonochrome ? [Theme.monochrome] : self.themes
    var state = FleetState(
      definition: definition,
      library: library,
      operatorName: operatorName,
      now: clock.now(),
      utcOffset: utcOffset,
      themeNames: themes.map(\.name)
    )
    let (events, sender) = AsyncStream.makeStream(of: Event.self, bufferingPolicy: .bufferingNewest(32_768))
    let clock = clock
    defer { screen.close() }
    await withDiscardingTaskGroup { group in
      group.addTask {
        for await event in input {
          switch event {
          case .key(let key): sender.yield(.message(.key(key)))
          case .resized: sender.yield(.resized)
          case .ended: sender.yield(.inputEnded)
          }
        }
        sender.yield(.inputEnded)
      }
      group.addTask {
        while !Task.isCancelled {
          try? await clock.sleep(.seconds(1))
          sender.yield(.message(.tick))
        }
      }
      let gate = DialGate()
      let history = NodeFollower.history(forNodes: agents.all.count)
      for agent in agents.all {
        group.addTask {
          await NodeFollower(agent, history: history, gate: gate) { sender.yield(.message($0)) }.run()
        }
      }
      let (catalog, reader) = (catalog, JobReader())
      group.addTask { await reader.run(catalog) { sender.yield(.message($0)) } }
      let (alerts, alertReader) = (alerts, AlertReader())
      if let alerts {
        alertReader.ask(recording: nil)
        group.addTask { await alertReader.run(alerts) { sender.yield(.message($0)) } }
      }
      if let extra {
        group.addTask { for await message in extra { sender.yield(.message(message)) } }
      }
      var job: Task<Void, Never>?
      var lastDraw = -Double.infinity
      var drawn: FleetState?
      var isWakePending = false

      func draw() {
        screen.draw(view(state, theme: themes[min(state.themeIndex, themes.count - 1)], size: screen.size))
        drawn = state
        lastDraw = clock.now().uptime
      }

      _ = update(&state, .resized(screen.size), at: clock.now())
      draw()
      loop: for await event in events {
        var interval = Self.newsInterval
        switch event {
        case .inputEnded: break loop
        case .redraw:
          isWakePending = false
          interval = 0
        case .resized:
          screen.resize()
          drawn = nil
          interval = Self.keyInterval
          _ = update(&state, .resized(screen.size), at: clock.now())
        case .message(let message):
          if case .key = message { interval = Self.keyInterval }
          for effect in update(&state, message, at: clock.now()) {
            switch effect {
            case .quit: break loop
            case .cancelJob: job?.cancel()
            case .setTheme(let name): onTheme(name)
            case .readJobs(let page): reader.ask(page: page)
            case .readAlerts(let observation): alertReader.ask(recording: observation)
            case .acknowledgeAlert(let id):
              guard let alerts else { break }
              group.addTask {
                let result = await Self.result { () async throws(CommandError) in
                  try await alerts.acknowledge(id, by: operatorName)
                }
                sender.yield(.message(.alertAcknowledged(id, result)))
              }
            case .holdAutoDrain(let name, let reason):
              guard let agent = try? agents.agent(name) else { break }
              // Whoever is not about to go any more says so; nobody needs to know.
              group.addTask { try? await agent.holdAutoDrain(because: reason) }
            case .askJob(let wish, let id):
              group.addTask {
                let result = await Self.result { () async throws(CommandError) in try await catalog.ask(wish, of: id) }
                sender.yield(.message(.jobAnswered(id, wish, result)))
              }
            case .orderPush(let order):
              group.addTask {
                let result = await Self.result { () async throws(CommandError) in try await catalog.order(order) }
                sender.yield(.message(.jobOrdered(result)))
              }
            default: job = start(effect, operatorName: operatorName) { sender.yield(.message(.job($0))) }
            }
          }
        }
        // The redraw that is coming looks whether anything changed; to compare whole fleets at each frame would cost too much.
        if isWakePending, interval >= Self.newsInterval { continue }
        guard drawn != state else { continue }
        let wait = lastDraw + interval - clock.now().uptime
        if wait <= 0 {
          draw()
        } else if !isWakePending || interval < Self.newsInterval {
          isWakePending = true
          group.addTask {
            try? await clock.sleep(.seconds(wait))
            sender.yield(.redraw)
          }
        }
      }
      job?.cancel()
      await job?.value
      sender.finish()
      group.cancelAll()
    }
    return state
  }

  /// A job is the one task that is not a child of the loop's own scope: it ends at `cancelJob` or with the loop.
  private func start(
    _ effect: Effect,
    operatorName: String,
    _ tell: @escaping @Sendable (JobReport) -> Void
  ) -> Task<Void, Never>? {
    let job: any Job
    switch effect {
    case .drain(let plan): job = DrainJob(plan, agents: agents)
    case .undrain(let nodes): job = UndrainJob(nodes, operatorName: operatorName, agents: agents)
    case .rollback(let plan): job = RollbackJob(plan, agents: agents)
    case .quit, .cancelJob, .setTheme, .readJobs, .askJob, .orderPush, .readAlerts, .acknowledgeAlert, .holdAutoDrain:
      return nil
    }
    return Task { _ = await job.run(tell) }
  }

  private static func result<Value: Sendable>(
    _ body: @Sendable () async throws(CommandError) -> Value
  ) async -> Result<Value, CommandError> {
    do throws(CommandError) {
      return .success(try await body())
    } catch {
      return .failure(error)
    }
  }
}
