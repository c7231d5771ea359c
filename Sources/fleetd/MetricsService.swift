import FleetAgent
import FleetServing
import ServiceLifecycle

/// The metrics port as a service: outlives every engine, and asks none.
struct MetricsService: Service {
  let board: MetricsBoard
  let socket: ListeningSocket

  func run() async throws {
    let server = try await PageServer.start(descriptor: try socket.duplicate(), path: "/metrics") { [board] accept in
      let format = MetricsPage.Format(accept: accept)
      return board.page(format).map { PageServer.Page(contentType: format.contentType, text: $0) }
    }
    try? await gracefulShutdown()
    await server.stop()
  }
}
