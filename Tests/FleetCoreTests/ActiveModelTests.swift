import FleetCore
import FleetTestSupport
import FoundationEssentials
import Testing

struct ActiveModelTests {
  private static func digest(_ number: Int) -> ModelDigest { ModelDigest(ofManifest: [UInt8(number)]) }

  private static func first() -> ActiveModel {
    ActiveModel(active: .init(version: 1, digest: digest(1), isProvisional: true), since: 1)
  }

  private static func words(_ model: ActiveModel) -> String {
    func words(_ entry: ActiveModel.Entry) -> String { "\(entry.version)\(entry.isProvisional ? "?" : "")" }
    return words(model.active) + (model.previous.map { " back to \(words($0))" } ?? "")
  }

  @Test func versionsOnProbationAreNotGoneBackTo() {
    var model = Self.first()
    #expect(Self.words(model) == "1?")
    model.switchTo(2, digest: Self.digest(2), at: 2)
    #expect(Self.words(model) == "2? back to 1?", "better one that has yet to prove itself than none")
    model.switchTo(1, digest: Self.digest(1), at: 2)
    #expect(Self.words(model) == "1?", "going back proves nothing")
    model.confirm()
    model.switchTo(2, digest: Self.digest(2), at: 2)
    #expect(Self.words(model) == "2? back to 1")
    model.switchTo(2, digest: Self.digest(2), at: 9)
    #expect(Self.words(model) == "2? back to 1" && model.since == 2, "nothing changes")
    model.switchTo(3, digest: Self.digest(3), at: 3)
    #expect(Self.words(model) == "3? back to 1")
    model.confirm()
    #expect(Self.words(model) == "3 back to 1")
    model.switchTo(1, digest: Self.digest(1), at: 4)
    #expect(Self.words(model) == "1 back to 3", "between good ones it goes back and forth")
    model.switchTo(4, digest: Self.digest(4), at: 5)
    let abandoned = model.abandon(at: 6)
    #expect(abandoned && Self.words(model) == "1" && model.since == 6)
    let again = model.abandon(at: 7)
    #expect(!again, "there is nothing to go back to")
  }

  @Test func versionsThatFailedAreNotGoneBackTo() {
    var model = Self.first()
    model.confirm()
    model.switchTo(2, digest: Self.digest(2), at: 2)
    model.confirm()
    model.switchTo(3, digest: Self.digest(3), at: 3) { $0.version == 2 }
    #expect(Self.words(model) == "3? back to 1")
    model.switchTo(4, digest: Self.digest(4), at: 3) { _ in true }
    #expect(Self.words(model) == "4?")
  }

  /// Whatever is ordered: once a version was good, the node serves a good one or has one to go back to.
  @Test func aGoodVersionIsNeverLost() {
    var random = SeededRandom()
    for _ in 0..<300 {
      var model = Self.first()
      var wasGood = false
      for step in 0..<30 {
        switch Int.random(in: 0...3, using: &random) {
        case 0: model.confirm()
        case 1:
          if let previous = model.previous { model.switchTo(previous.version, digest: previous.digest, at: 0) }
        default:
          let number = Int.random(in: 1...5, using: &random)
          model.switchTo(number, digest: Self.digest(number), at: 0)
        }
        if !model.active.isProvisional { wasGood = true }
        let isGood = !model.active.isProvisional || model.previous?.isProvisional == false
        #expect(isGood || !wasGood, "\(Self.words(model)) after \(step) steps, \(random)")
        #expect(model.previous?.version != model.active.version)
      }
    }
  }

  @Test func filesOfBeforeNameVersionsThatHaveServed() throws {
    let digest = Self.digest(1)
    let old =
      #"{"active":{"version":2,"digest":"\#(digest)"},"previous":{"version":1,"digest":"\#(digest)"},"since":7.5}"#
    let read = try JSONDecoder().decode(ActiveModel.self, from: Data(old.utf8))
    #expect(Self.words(read) == "2 back to 1" && read.since == 7.5)
    var model = Self.first()
    model.switchTo(2, digest: Self.digest(2), at: 3)
    #expect(try JSONDecoder().decode(ActiveModel.self, from: JSONEncoder().encode(model)) == model)
    model = ActiveModel(active: .init(version: 1, digest: digest))
    let text = String(decoding: try JSONEncoder().encode(model), as: UTF8.self)
    #expect(!text.contains("provisional"), "a release before reads it as well")
  }
}
