/// How long a console waits for a node before it says so.
package struct Deadlines: Sendable, Equatable {
  /// For commands that a node answers at once.
  package var command: Duration
  /// For a chunk or a piece of a file: the line to a store may be thin.
  package var write: Duration
  /// For `activate` and `rollback`: the engine compiles and warms a model.
  package var activate: Duration
  /// For `evaluate`: clients' requests go before the golden set.
  package var evaluate: Duration
  /// For a new connection, until the node has said its first byte over TLS.
  package var connect: Duration
  /// A watched node that says nothing for this long, and for three of its intervals, is given up.
  package var silence: Duration

  package init(
    command: Duration = .seconds(10),
    write: Duration = .seconds(30),
    activate: Duration = .seconds(90),
    evaluate: Duration = .seconds(90),
    connect: Duration = .seconds(5),
    silence: Duration = .seconds(15)
  ) {
    self.command = command
    self.write = write
    self.activate = activate
    self.evaluate = evaluate
    self.connect = connect
    self.silence = silence
  }
}
