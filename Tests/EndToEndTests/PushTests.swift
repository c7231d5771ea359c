import Foundation
import Testing

extension EndToEnd {
  @Test func pushToEveryStoreLosesNothing() async throws {
    let demo = try await Demo(traffic: 400)
    let push = try await demo.fleet("push", "tag-reader@2", "--to", "all")
    #expect(push.status == 0, "\(push)")
    for node in try await demo.status().nodes {
      #expect(node.models.first?.version == 2, "\(node)")
    }
    let again = try await demo.fleet("push", "tag-reader@2", "--to", "austin-01")
    #expect(again.status == 0, "a push may be repeated: \(again)")
    let rollback = try await demo.fleet("rollback", "tag-reader", "--to", "austin-*")
    #expect(rollback.status == 0, "\(rollback)")
    let status = try await demo.status()
    #expect(try demo.node("austin-01/a", in: status).models.first?.version == 1)
    #expect(try demo.node("miami-03/b", in: status).models.first?.version == 2)
    let traffic = try await demo.stop()
    #expect(traffic.sent > 500)
    #expect(traffic.lost == 0 && traffic.wrong == 0 && traffic.cut == 0, "\(traffic)")
  }

  @Test(arguments: [
    ("flipped-byte", 7, "do not match"), ("truncated", 8, "shorter than its manifest"),
    ("not-a-model", 9, "tag-reader@9"),
  ])
  func badVersionIsRefusedAndTheOldOneServes(folder: String, version: Int, words: String) async throws {
    let demo = try await Demo(traffic: 60)
    let path = Programs.fixtures.appending(path: "models/bad/\(folder)").path
    let push = try await demo.fleet("push", "tag-reader@\(version)", path, "--to", "austin-01")
    #expect(push.status == 1, "\(push)")
    #expect(push.errors.contains(words), "\(push)")
    for node in try await demo.status().nodes {
      #expect(node.models.first?.version == 1, "\(node)")
      #expect(node.engine?.state == "serving", "\(node)")
    }
    let traffic = try await demo.stop()
    #expect(traffic.lost == 0 && traffic.wrong == 0 && traffic.cut == 0, "\(traffic)")
  }
}
