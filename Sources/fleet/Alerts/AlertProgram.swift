import FleetConsole
import FleetCore
import Foundation

/// Runs a command of the operator's with the JSON on its standard input. One that takes too long is killed with all that it started.
struct AlertProgram: AlertSink {
  static let deadline = Duration.seconds(30)

  let command: String
  var deadline = Self.deadline

  var name: String { "--exec '\(command)'" }

  func tell(_ event: AlertMessage) async -> AlertOutbox.Outcome {
    do throws(CommandError) {
      let input = try Self.file(with: event.json + "\n")
      defer { close(input) }
      let process = try JobProcess.start("/bin/sh", ["-c", command], input: input, output: .standardError)
      let end = ContinuousClock.now.advanced(by: deadline)
      while true {
        // Before the deadline is looked at: a command that has ended on a busy machine did not take too long.
        if let ended = process.ended {
          return ended.isSuccess ? .delivered : .failed(ended.description)
        }
        guard ContinuousClock.now < end, !Task.isCancelled else { break }
        try? await Task.sleep(for: .milliseconds(20))
      }
      // It leads a session of its own, so its number names all that it started.
      kill(-process.pid, SIGKILL)
      return .failed("took longer than \(Quantity.text(deadline)) and was killed")
    } catch {
      return .failed(error.message)
    }
  }

  /// A file without a name: a command that reads nothing holds nobody up.
  private static func file(with text: String) throws(CommandError) -> Int32 {
    let folder = FileManager.default.temporaryDirectory.path(percentEncoded: false)
    var path = Array("\(folder)/fleet-alert-XXXXXX".utf8CString)
    let descriptor = unsafe mkstemp(&path)
    guard descriptor >= 0 else {
      throw CommandError(.failed, "cannot write to '\(folder)': \(unsafe String(cString: strerror(errno)))")
    }
    unsafe unlink(path)
    let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: false)
    do {
      try handle.write(contentsOf: Data(text.utf8))
      try handle.seek(toOffset: 0)
    } catch {
      close(descriptor)
      throw CommandError(.noSpace, "cannot write to '\(folder)': \(error.localizedDescription)")
    }
    return descriptor
  }
}
