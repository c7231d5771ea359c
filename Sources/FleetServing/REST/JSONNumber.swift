/// Numbers of JSON text as elements of tensors.
enum JSONNumber {
  /// Nil when the text has a fraction or an exponent, or does not fit.
  static func integer<Value: FixedWidthInteger>(_ text: ArraySlice<UInt8>) -> Value? {
    var magnitude: Value = 0
    let isNegative = text.first == UInt8(ascii: "-")
    for byte in isNegative ? text.dropFirst() : text {
      let digit = byte &- 0x30
      guard digit < 10 else { return nil }
      let (product, overflow) = magnitude.multipliedReportingOverflow(by: 10)
      let (sum, overflow2) =
        isNegative
        ? product.subtractingReportingOverflow(Value(digit)) : product.addingReportingOverflow(Value(digit))
      if overflow || overflow2 { return nil }
      magnitude = sum
    }
    return magnitude
  }

  /// The double nearest to the text; nil when that is infinite.
  static func double(_ text: ArraySlice<UInt8>) -> Double? {
    if let value = exact(text) { return value }
    guard let value = Double(String(decoding: text, as: UTF8.self)), value.isFinite else { return nil }
    return value
  }

  /// The float nearest to the text; nil when that is infinite.
  static func float(_ text: ArraySlice<UInt8>) -> Float? {
    if let value = exact(text), value == 0 || value.magnitude >= Double(Float.leastNormalMagnitude) {
      // A double halfway between two floats may itself have been rounded: then the text must decide.
      let isHalfway = value.significandBitPattern & 0x1fff_ffff == 0x1000_0000
      if !isHalfway {
        let narrow = Float(value)
        return narrow.isFinite ? narrow : nil
      }
    }
    guard let value = Float(String(decoding: text, as: UTF8.self)), value.isFinite else { return nil }
    return value
  }

  /// Exact powers of ten: 10^22 is the greatest that a double holds exactly.
  private static let powers: [Double] = (0...22).reduce(into: []) { powers, _ in
    powers.append(powers.last.map { $0 * 10 } ?? 1)
  }

  /// The correctly rounded value of short numbers, which are nearly all: when digits and power of ten are both exact doubles,
  /// one operation rounds once (Clinger, "How to Read Floating Point Numbers Accurately", 1990). Nil when they are not.
  private static func exact(_ text: ArraySlice<UInt8>) -> Double? {
    var digits: UInt64 = 0
    var exponent = 0
    var isFraction = false
    var index = text.startIndex
    let isNegative = text.first == UInt8(ascii: "-")
    if isNegative { index += 1 }
    while index < text.endIndex {
      let byte = text[index]
      if byte == UInt8(ascii: ".") {
        isFraction = true
      } else if byte &- 0x30 < 10 {
        guard digits < 900_000_000_000_000 else { return nil }
        digits = digits * 10 + UInt64(byte &- 0x30)
        if isFraction { exponent -= 1 }
      } else {
        guard let written: Int = integer(withoutPlus(text[(index + 1)...])), written.magnitude < 400 else { return nil }
        exponent += written
        break
      }
      index += 1
    }
    guard exponent.magnitude <= 22 else { return nil }
    let power = powers[Int(exponent.magnitude)]
    let value = exponent < 0 ? Double(digits) / power : Double(digits) * power
    return isNegative ? -value : value
  }

  private static func withoutPlus(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    text.first == UInt8(ascii: "+") ? text.dropFirst() : text
  }
}
