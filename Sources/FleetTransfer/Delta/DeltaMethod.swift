/// How a file is brought to somebody, who may have another one already: the base.
package enum DeltaMethod: UInt8, Sendable, CaseIterable, CustomStringConvertible {
  /// The base subtracted byte by byte, then zstd. For files of one length, as the weights of two trainings of one architecture are:
  /// what did not change is 0, and a quantised weight that moved one step is 1 or 255.
  /// Memory on both sides: `DeltaSettings.windowLog`, and a few pieces.
  case subtract = 1
  /// zstd that may refer to the base as if it came before. For files of another length, or with parts that moved.
  /// Memory on both sides: base and result, hence `DeltaSettings.largestHeld`.
  case prefix = 2
  /// The whole file with zstd. Memory as for `subtract`.
  case zstd = 3
  /// The whole file as it is, where zstd makes it no smaller.
  case raw = 4

  package var usesBase: Bool { self == .subtract || self == .prefix }

  package var description: String {
    switch self {
    case .subtract: "difference"
    case .prefix: "zstd against the version before"
    case .zstd: "zstd"
    case .raw: "as it is"
    }
  }
}

/// What both sides of a delta hold themselves to.
package struct DeltaSettings: Sendable, Equatable {
  package var level = 9
  /// 16 MiB. A larger window finds hardly more in weights, and a node needs as much memory.
  package var windowLog = 24
  /// Most bytes of base and result together for `DeltaMethod.prefix`, which holds both in memory.
  package var largestHeld: UInt64 = 128 << 20

  package init() {}

  func allowsPrefix(base: UInt64, result: UInt64) -> Bool {
    base > 0 && result > 0 && base <= largestHeld && result <= largestHeld - base
  }

  /// The result has to fit into the window, or the base would fall out of reach before its end.
  static func windowLog(holding bytes: UInt64) -> Int {
    min(max(UInt64.bitWidth - bytes.leadingZeroBitCount, 10), 30)
  }
}
