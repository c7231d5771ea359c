import Glibc
import Synchronization

/// Passes a child's output on to our standard error and remembers its last lines, to tell why it ended.
final class LastWords: Sendable {
  private static let maximumBytes = 2048

  private struct Text {
    var bytes: [UInt8] = []
    var isAtEnd = false
  }

  private let text: Monitor<Text>

  init(of output: Descriptor) throws(SystemError) {
    let text = Monitor(Text())
    self.text = text
    let screen = Descriptor(owning: fcntl(2, F_DUPFD_CLOEXEC, 3))
    try OwnThread.start("engine-output") {
      while let bytes = try? output.read(upTo: 4096), !bytes.isEmpty {
        text.change { $0.bytes = Array(($0.bytes + bytes).suffix(Self.maximumBytes)) }
        try? screen.write(bytes)
      }
      text.change { $0.isAtEnd = true }
    }
  }

  /// The last three lines, joined by `; `. Waits a moment for what is still in the pipe.
  func atTheEnd() -> String {
    let bytes = text.wait(timeout: .milliseconds(200)) { $0.isAtEnd ? $0.bytes : nil } ?? text.change { $0.bytes }
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    return lines.suffix(3).joined(separator: "; ")
  }
}
