internal import Dispatch
internal import Glibc
internal import Synchronization

/// Keys of the terminal as a stream. One thread of its own waits for them, so neither a slow screen nor a slow node delays a key.
package enum TerminalInput {
  /// How long the rest of a sequence may take after its Escape. Longer would make the Escape key itself slow.
  private static let escapeMilliseconds: Int32 = 25

  /// Reads standard input until the consumer stops, the terminal goes away, or SIGTERM, SIGHUP or SIGINT asks to end; also
  /// tells of changes of the terminal's size. One at a time in a process.
  package static func stream() -> AsyncStream<Input> {
    AsyncStream(bufferingPolicy: .bufferingNewest(256)) { continuation in
      var ends: [Int32] = [-1, -1]
      guard unsafe pipe(&ends) == 0 else {
        continuation.yield(.ended)
        continuation.finish()
        return
      }
      let (wakeReader, wakeWriter) = (ends[0], ends[1])
      for end in ends {
        _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        _ = fcntl(end, F_SETFL, O_NONBLOCK)
      }
      signalPipe.store(wakeWriter, ordering: .releasing)
      let signals = [SIGWINCH, SIGTERM, SIGHUP, SIGINT]
      for signal in signals {
        var action = sigaction()
        unsafe action.__sigaction_handler.sa_handler = passOn
        action.sa_flags = SA_RESTART
        unsafe sigaction(signal, &action, nil)
      }
      continuation.onTermination = { _ in wake(wakeWriter, 0) }
      DispatchQueue(label: "fleet.terminal-input").async {
        read(from: wakeReader, into: continuation)
        for signal in signals {
          var action = sigaction()
          unsafe action.__sigaction_handler.sa_handler = SIG_DFL
          unsafe sigaction(signal, &action, nil)
        }
        signalPipe.store(-1, ordering: .releasing)
        // Ends with `onTermination`, which writes to the pipe: only then is its number free for others.
        continuation.finish()
        Glibc.close(wakeReader)
        Glibc.close(wakeWriter)
      }
    }
  }

  private static func read(from wakeReader: Int32, into continuation: AsyncStream<Input>.Continuation) {
    var decoder = KeyDecoder()
    var bytes = [UInt8](repeating: 0, count: 1024)
    while true {
      var waits = [
        pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0),
        pollfd(fd: wakeReader, events: Int16(POLLIN), revents: 0),
      ]
      let ready = unsafe poll(&waits, 2, decoder.isWaiting ? escapeMilliseconds : -1)
      if ready < 0, errno != EINTR { break }
      if ready == 0 {
        for key in decoder.flush() { continuation.yield(.key(key)) }
        continue
      }
      if waits[1].revents != 0 {
        let count = unsafe Glibc.read(wakeReader, &bytes, bytes.count)
        let notes = bytes.prefix(max(0, count))
        if notes.contains(where: { $0 != UInt8(SIGWINCH) }) { break }
        if !notes.isEmpty { continuation.yield(.resized) }
      }
      if waits[0].revents != 0 {
        let count = unsafe Glibc.read(STDIN_FILENO, &bytes, bytes.count)
        if count < 0, errno == EINTR || errno == EAGAIN { continue }
        guard count > 0 else { break }
        for key in decoder.feed(bytes.prefix(count)) { continuation.yield(.key(key)) }
      }
    }
    continuation.yield(.ended)
  }
}

/// Where the signal handlers write; -1 when nobody reads.
private let signalPipe = Atomic<Int32>(-1)

private func passOn(_ signal: Int32) {
  let kept = errno
  wake(signalPipe.load(ordering: .acquiring), UInt8(truncatingIfNeeded: signal))
  errno = kept
}

private func wake(_ descriptor: Int32, _ note: UInt8) {
  guard descriptor >= 0 else { return }
  var note = note
  _ = unsafe Glibc.write(descriptor, &note, 1)
}
