internal import FleetCore

/// Reads jobs beside the loop, one reading after the other; of those asked for meanwhile only the last is done.
struct JobReader: Sendable {
  private let wishes: AsyncStream<String?>
  private let wish: AsyncStream<String?>.Continuation

  init() {
    (wishes, wish) = AsyncStream.makeStream(of: String?.self, bufferingPolicy: .bufferingNewest(1))
  }

  func ask(page: String?) { wish.yield(page) }

  /// Until the task is cancelled.
  func run(_ catalog: any JobCatalog, _ send: @Sendable (Message) -> Void) async {
    for await page in wishes {
      do throws(CommandError) {
        send(.jobs(try await catalog.read(page: page)))
      } catch {
        send(.jobsUnread(error))
      }
    }
  }
}
