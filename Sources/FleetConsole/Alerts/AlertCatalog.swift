package import FleetCore

/// The fleet's alerts, wherever they are kept. Every call ends within a bound, however slow the disk is.
package protocol AlertCatalog: Sendable {
  /// Those that are open and the latest of the others; writes down first what was seen, when there is something.
  func read(recording observation: AlertObservation?) async throws(CommandError) -> AlertReading

  /// Somebody takes an alert on.
  func acknowledge(_ id: Int, by person: String) async throws(CommandError) -> AlertReading
}

package struct AlertReading: Sendable, Equatable {
  /// The newest first.
  package var alerts: [Alert]
  /// The process that raises and resolves them while no screen is open, in words; nil when there is none.
  package var watcher: String?

  package init(alerts: [Alert], watcher: String? = nil) {
    self.alerts = alerts
    self.watcher = watcher
  }
}

/// Reads and writes alerts beside the loop, one after the other; of what is asked meanwhile only the last is done.
struct AlertReader: Sendable {
  private let wishes: AsyncStream<AlertObservation?>
  private let wish: AsyncStream<AlertObservation?>.Continuation

  init() {
    (wishes, wish) = AsyncStream.makeStream(of: AlertObservation?.self, bufferingPolicy: .bufferingNewest(1))
  }

  func ask(recording observation: AlertObservation?) { wish.yield(observation) }

  /// Until the task is cancelled.
  func run(_ catalog: any AlertCatalog, _ send: @Sendable (Message) -> Void) async {
    for await observation in wishes {
      do throws(CommandError) {
        send(.alerts(try await catalog.read(recording: observation), recorded: observation))
      } catch {
        send(.alertsUnread(error))
      }
    }
  }
}
