import Glibc
import ServiceLifecycle

/// Ends its service group when the standard input ends: the parent that held its other end is gone.
package struct StandardInputEnd: Service {
  package init() {}

  package func run() async throws {
    let end = AsyncStream<Void>.makeStream()
    try OwnThread.start("stdin") {
      let input = Descriptor(owning: fcntl(0, F_DUPFD_CLOEXEC, 3))
      while let bytes = try? input.read(upTo: 512), !bytes.isEmpty {}
      end.continuation.finish()
    }
    await cancelWhenGracefulShutdown {
      for await _ in end.stream {}
    }
  }
}
