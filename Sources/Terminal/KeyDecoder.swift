/// Bytes of a terminal to keys. No clock in it: whoever reads the bytes says with `flush()` that no more came for a while,
/// which is all that tells the Escape key from the start of a sequence.
package struct KeyDecoder: Sendable {
  private var pending: [UInt8] = []
  /// Longer than any sequence a terminal sends; more than that is noise and is dropped.
  private static let longest = 32

  package init() {}

  /// A sequence has begun and its end may still come.
  package var isWaiting: Bool { !pending.isEmpty }

  package mutating func feed(_ bytes: some Sequence<UInt8>) -> [Key] {
    var keys: [Key] = []
    for byte in bytes {
      pending.append(byte)
      switch step() {
      case .incomplete:
        if pending.count >= Self.longest { pending.removeAll() }
      case .ignored:
        pending.removeAll()
      case .key(let key):
        pending.removeAll()
        keys.append(key)
      case .keyThenAgain(let key):
        keys.append(key)
        pending = [byte]
        if case .key(let next) = step() {
          keys.append(next)
          pending.removeAll()
        }
      }
    }
    return keys
  }

  /// No byte came for a while: a lone Escape is the key, anything else unfinished is dropped.
  package mutating func flush() -> [Key] {
    defer { pending.removeAll() }
    return pending == [0x1B] ? [.escape] : []
  }

  private enum Step {
    case incomplete, ignored
    case key(Key)
    case keyThenAgain(Key)
  }

  private func step() -> Step {
    guard let first = pending.first else { return .ignored }
    if first == 0x1B { return escaped() }
    if first >= 0x80 { return encoded(first) }
    switch first {
    case 0x0D, 0x0A: return .key(.enter)
    case 0x09: return .key(.tab)
    case 0x7F, 0x08: return .key(.backspace)
    case 0x01...0x1A: return .key(.control(Character(Unicode.Scalar(first + 0x60))))
    case 0x00..<0x20: return .ignored
    default: return .key(.character(Character(Unicode.Scalar(first))))
    }
  }

  private func encoded(_ first: UInt8) -> Step {
    let length =
      switch first {
      case 0xC2...0xDF: 2
      case 0xE0...0xEF: 3
      case 0xF0...0xF4: 4
      default: 0
      }
    guard length > 0 else { return .ignored }
    guard pending.count >= length else { return .incomplete }
    guard let text = String(validating: pending, as: UTF8.self), let character = text.first else { return .ignored }
    return .key(.character(character))
  }

  private func escaped() -> Step {
    guard pending.count > 1 else { return .incomplete }
    switch pending[1] {
    case 0x1B: return .keyThenAgain(.escape)
    case UInt8(ascii: "["):
      guard pending.count > 2, let last = pending.last else { return .incomplete }
      // A final byte ends a control sequence: ECMA-48, 5.4. The one exception is the Linux console's ESC [ [ A.
      if pending.count == 3, last == UInt8(ascii: "[") { return .incomplete }
      guard (0x40...0x7E).contains(last) else { return .incomplete }
      return control(final: last)
    case UInt8(ascii: "O"):
      guard pending.count > 2 else { return .incomplete }
      return control(final: pending[2])
    default:
      // Alt and a key: nothing is bound to these.
      return .ignored
    }
  }

  private func control(final: UInt8) -> Step {
    switch final {
    case UInt8(ascii: "A"): return .key(pending.count == 4 && pending[2] == UInt8(ascii: "[") ? .function(1) : .up)
    case UInt8(ascii: "B"): return .key(.down)
    case UInt8(ascii: "C"): return .key(.right)
    case UInt8(ascii: "D"): return .key(.left)
    case UInt8(ascii: "H"): return .key(.home)
    case UInt8(ascii: "F"): return .key(.end)
    case UInt8(ascii: "Z"): return .key(.backTab)
    case UInt8(ascii: "M"): return pending[1] == UInt8(ascii: "O") ? .key(.enter) : .ignored
    case UInt8(ascii: "P"), UInt8(ascii: "Q"), UInt8(ascii: "R"), UInt8(ascii: "S"):
      return .key(.function(Int(final - UInt8(ascii: "P")) + 1))
    case UInt8(ascii: "~"): return numbered()
    default: return .ignored
    }
  }

  /// VT220 keys: ESC [ NUMBER ; MODIFIER ~
  private func numbered() -> Step {
    var number = 0
    for byte in pending.dropFirst(2) {
      guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9"), number < 100 else { break }
      number = number * 10 + Int(byte - UInt8(ascii: "0"))
    }
    switch number {
    case 1, 7: return .key(.home)
    case 2: return .key(.insert)
    case 3: return .key(.delete)
    case 4, 8: return .key(.end)
    case 5: return .key(.pageUp)
    case 6: return .key(.pageDown)
    case 11...15: return .key(.function(number - 10))
    case 17...21: return .key(.function(number - 11))
    case 23...24: return .key(.function(number - 12))
    default: return .ignored
    }
  }
}
