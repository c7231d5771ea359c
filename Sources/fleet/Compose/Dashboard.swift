import FleetConfiguration
import FleetConsole
import FleetCore
import Foundation
import Terminal

/// The screen on a real terminal: puts `Console` together with ncurses, the keys and the theme files.
enum Dashboard {
  /// Shows the fleet until the user quits or a signal asks to end. `traffic` is asked each second when there is any.
  static func run(
    fleet: FleetDefinition,
    agents: [any NodeAgent],
    themes: [Theme],
    jobs: any JobCatalog,
    alerts: any AlertCatalog,
    signals: StopSignals? = nil,
    traffic: (@Sendable () -> TrafficSummary)? = nil
  ) async throws {
    let screen = try NcursesScreen(environment: ProcessInfo.processInfo.environment)
    let (extra, continuation) = AsyncStream.makeStream(of: Message.self, bufferingPolicy: .bufferingNewest(4))
    let reporting = Task {
      while let traffic, !Task.isCancelled {
        continuation.yield(.traffic(traffic()))
        try? await Task.sleep(for: .seconds(1))
      }
    }
    let (input, keys) = AsyncStream.makeStream(of: Input.self, bufferingPolicy: .bufferingNewest(256))
    let reading = Task {
      for await event in TerminalInput.stream() { keys.yield(event) }
      keys.yield(.ended)
    }
    // A signal that came before the keys were listened to is not forgotten.
    let ending = Task {
      guard let signals else { return }
      await signals.wait()
      if !Task.isCancelled { keys.yield(.ended) }
    }
    defer { for task in [reporting, reading, ending] { task.cancel() } }
    _ = await Console(agents: agents, themes: themes, jobs: jobs, alerts: alerts).run(
      definition: fleet,
      library: ModelLibrary(reading: fleet.models, root: "."),
      operatorName: NSUserName(),
      utcOffset: TimeZone.current.secondsFromGMT(),
      screen: screen,
      input: input,
      extra: extra
    )
  }
}
