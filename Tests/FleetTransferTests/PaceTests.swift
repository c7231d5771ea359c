import FleetCore
import FleetTestSupport
import Testing

@testable import FleetTransfer

@Suite struct PaceTests {
  private static let rate = 2.0 * 1_048_576

  @Test(arguments: [4096, 16_384, 262_144, 1_048_576, 5_000_000])
  func aCapIsKeptWithinFivePercent(_ pieceBytes: Int) throws {
    let start = Duration.seconds(1000)
    var bucket = TokenBucket(try ByteRate(parsing: "2MB/s"), at: start)
    // Sends as soon as it may, for a minute.
    var now = start
    var sent = 0
    while now < start + .seconds(60) {
      now += bucket.take(pieceBytes, at: now)
      sent += pieceBytes
    }
    let rate = Double(sent) / (now - start).seconds
    #expect(rate <= 1.05 * Self.rate && rate >= 0.95 * Self.rate, "\(rate)")
  }

  /// Timers are late, pieces differ, senders pause: no ten seconds carry more than the cap.
  @Test func lateTimersAndPausesDoNotRaiseTheRate() throws {
    var random = SeededRandom()
    var bucket = TokenBucket(try ByteRate(parsing: "2MB/s"), at: .zero)
    var now = Duration.zero
    var sent: [(at: Duration, bytes: Int)] = []
    while now < .seconds(120) {
      let bytes = Int.random(in: 1...262_144, using: &random)
      now += bucket.take(bytes, at: now) + .microseconds(Int64.random(in: 0...5000, using: &random))
      sent.append((now, bytes))
      if random.chance(0.01) { now += .seconds(Double.random(in: 0...3, using: &random)) }
    }
    var first = 0
    var within = 0
    for (index, piece) in sent.enumerated() {
      within += piece.bytes
      while sent[first].at < piece.at - .seconds(10) {
        within -= sent[first].bytes
        first += 1
      }
      #expect(Double(within) <= 1.05 * Self.rate * 10, "piece \(index)")
    }
  }

  /// Each sender waits for all three caps that it shares in.
  @Test func nodeStoreAndFleetAreKeptTogether() throws {
    let limits = TransferLimits(
      node: try ByteRate(parsing: "2MB/s"),
      store: try ByteRate(parsing: "3MB/s"),
      fleet: try ByteRate(parsing: "8MB/s")
    )
    var cap = TransferCap(limits)
    var next: [(node: NodeName, at: Duration)] = ["a", "b", "c", "d"].flatMap { store in
      ["1", "2"].map { (NodeName(store: store, node: $0), Duration.zero) }
    }
    var sent: [NodeName: Double] = [:]
    while true {
      let turn = next.indices.min { next[$0].at < next[$1].at } ?? 0
      guard next[turn].at < .seconds(60) else { break }
      let bytes = cap.pieceBytes(atMost: 256 * 1024)
      sent[next[turn].node, default: 0] += Double(bytes)
      next[turn].at += cap.take(bytes, for: next[turn].node, at: next[turn].at)
    }
    let minute = 1_048_576.0 * 60
    let fleet = sent.values.reduce(0, +) / minute
    #expect(fleet <= 8 * 1.05 && fleet >= 8 * 0.95, "\(fleet)")
    for store in ["a", "b", "c", "d"] {
      let total = sent.filter { $0.key.store == store }.values.reduce(0, +) / minute
      #expect(total <= 3 * 1.05 && total >= 1.5, "\(store): \(total)")
    }
    for (node, bytes) in sent { #expect(bytes / minute <= 2 * 1.05, "\(node)") }
  }

  @Test func aPieceIsNeverLongOnTheLine() throws {
    #expect(TransferCap(TransferLimits()).pieceBytes(atMost: 262_144) == 262_144)
    #expect(TransferCap(TransferLimits(node: try ByteRate(parsing: "1MB/s"))).pieceBytes(atMost: 262_144) == 131_072)
    #expect(TransferCap(TransferLimits(fleet: try ByteRate(parsing: "1KB/s"))).pieceBytes(atMost: 262_144) == 16_384)
  }

  @Test(arguments: [("2MB/s", 2_097_152.0), ("1.5MB/s", 1_572_864), ("500KB/s", 512_000), ("1GB/s", 1_073_741_824)])
  func ratesAreRead(_ text: String, _ bytes: Double) throws {
    let rate = try ByteRate(parsing: text)
    #expect(rate.bytesPerSecond == bytes)
    #expect(try ByteRate(parsing: rate.description) == rate)
  }

  @Test(arguments: ["", "2MB", "2 MB/s", "-2MB/s", "2Mbit/s", "MB/s", "0MB/s", "1023B/s", "nan/s", "1e9MB/s", "2MB/m"])
  func otherRatesAreRefused(_ text: String) {
    let error = #expect(throws: CommandError.self) { try ByteRate(parsing: text) }
    #expect(error?.code == .invalid && error?.message.hasPrefix("'\(text)'") == true)
  }

  @Test func hoursAreRead() throws {
    let night = try TimeWindow(parsing: "22:00-05:00")
    #expect(night == TimeWindow(start: 22 * 60, end: 5 * 60) && night.description == "22:00-05:00")
    #expect(try TimeWindow(parsing: "1:05-24:00") == TimeWindow(start: 65, end: 0))
    let inside = [22 * 60, 23 * 60 + 59, 0, 4 * 60 + 59]
    let outside = [5 * 60, 12 * 60, 21 * 60 + 59]
    #expect(inside.allSatisfy { night.contains(minute: $0) } && !outside.contains { night.contains(minute: $0) })
    let noon = try TimeWindow(parsing: "12:00-13:00")
    #expect(noon.contains(minute: 720) && noon.contains(minute: 779) && !noon.contains(minute: 780))
    #expect(try TimeWindow(parsing: "18:00-24:00").contains(minute: 1439))
  }

  @Test(
    arguments: [
      "", "22:00", "22-5", "22:00-5", "22:00-05:60", "24:01-05:00", "25:00-05:00", "22:00-05:00-06:00", "-1:00-05:00",
      "22:00 - 05:00", "٢٢:00-05:00", "22:0-05:00", "+2:00-05:00",
    ]
  )
  func otherHoursAreRefused(_ text: String) {
    let error = #expect(throws: CommandError.self) { try TimeWindow(parsing: text) }
    #expect(error?.code == .invalid && error?.message.contains("'22:00-05:00'") == true, "\(error?.message ?? "")")
  }

  @Test func anEmptyDayIsNoWindow() {
    let error = #expect(throws: CommandError.self) { try TimeWindow(parsing: "05:00-5:00") }
    #expect(error?.message == "'05:00-5:00' ends when it begins; leave it out for the whole day")
  }
}
