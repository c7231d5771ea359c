import FleetCore
import FleetTestSupport
import Foundation
import Testing

struct JSONTextTests {
  @Test(arguments: [
    ("", #""""#), ("a/b", #""a/b""#), (#"a"b\c"#, #""a\"b\\c""#), ("\n\r\t", #""\n\r\t""#),
    ("\0\u{1f}", #""\u0000\u001f""#),
    ("ü€👩‍👩‍👧\u{7f}\u{2028}", "\"ü€👩‍👩‍👧\u{7f}\u{2028}\""),
  ])
  func quotes(_ text: String, _ expected: String) {
    #expect(JSONText.quoted(text) == expected)
  }

  @Test func anyTextReadsBack() throws {
    var random = SeededRandom()
    for _ in 0..<2000 {
      var text = String.UnicodeScalarView()
      for _ in 0..<Int.random(in: 0...8, using: &random) {
        let limit: UInt32 = random.chance(0.5) ? 0x80 : 0x110000
        if let scalar = Unicode.Scalar(UInt32.random(in: 0..<limit, using: &random)) { text.append(scalar) }
      }
      let quoted = "[\(JSONText.quoted(String(text)))]"
      let read = try JSONDecoder().decode([String].self, from: Data(quoted.utf8))
      #expect(read.first.map { Array($0.unicodeScalars) } == Array(text), "\(quoted), seed \(random.seed)")
    }
  }
}
