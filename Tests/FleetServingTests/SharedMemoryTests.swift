import FleetCore
import Foundation
import NIOCore
import NIOHTTP1
import Testing

@testable import FleetServing

@Suite struct SharedMemoryTests {
  private static let path = "/v2/systemsharedmemory"

  private static func register(_ lent: LentMemory, offset: Int = 0, size: Int) -> String {
    "{\"key\":\"\(lent.key)\",\"offset\":\(offset),\"byte_size\":\(size)}"
  }

  private static func infer(_ shape: String, input: String, output: String = "") -> String {
    "{\"inputs\":[{\"name\":\"in\",\"shape\":[\(shape)],\"datatype\":\"INT16\",\"parameters\":{\(input)}}],"
      + "\"outputs\":[{\"name\":\"out\",\"parameters\":{\(output)}}]}"
  }

  private static func slice(_ region: String, _ offset: Int, _ size: Int) -> String {
    "\"shared_memory_region\":\"\(region)\",\"shared_memory_offset\":\(offset),\"shared_memory_byte_size\":\(size)"
  }

  @Test func tensorsGoBothWays() async throws {
    let rest = try RESTHarness(["echo": EchoModel(.int16)])
    let lent = try LentMemory([9, 9, 9, 1, 0, 2, 0, 3, 0, 9, 9, 9, 9, 9, 9, 9])
    #expect(
      try await rest.send(.POST, "\(Self.path)/region/a/register", Self.register(lent, offset: 1, size: 15)).status
        == 200
    )
    let body = Self.infer("3", input: Self.slice("a", 2, 6), output: Self.slice("a", 8, 7))
    let answer = try await rest.send(.POST, "/v2/models/echo/infer", body)
    #expect(answer.status == 200, "\(answer.text)")
    #expect(lent.bytes == [9, 9, 9, 1, 0, 2, 0, 3, 0, 1, 0, 2, 0, 3, 0, 9])
    let output = try #require((answer.json["outputs"] as? [[String: Any]])?.first)
    #expect(output["data"] == nil)
    #expect(output["parameters"] == nil)
    #expect(rest.census.bodyBytes == 0)
    let json = try await rest.send(.POST, "/v2/models/echo/infer", Self.infer("3", input: Self.slice("a", 2, 6)))
    #expect((json.json["outputs"] as? [[String: Any]])?.first?["data"] as? [Int] == [1, 2, 3])
    try await rest.stop()
  }

  @Test func regionsComeAndGo() async throws {
    let rest = try RESTHarness(["echo": EchoModel(.int16)])
    let lent = try LentMemory([UInt8](repeating: 1, count: 100))
    for name in ["a", "b"] {
      let answer = try await rest.send(
        .POST,
        "\(Self.path)/region/\(name)/register",
        Self.register(lent, offset: 10, size: 90)
      )
      #expect((answer.status, answer.text) == (200, ""))
    }
    func entry(_ name: String) -> String {
      "{\"name\":\"\(name)\",\"key\":\"\(lent.key)\",\"offset\":10,\"byte_size\":90}"
    }
    #expect(try await rest.send(.GET, "\(Self.path)/status").text == "[\(entry("a")),\(entry("b"))]")
    #expect(try await rest.send(.GET, "\(Self.path)/region/b/status").text == "[\(entry("b"))]")
    #expect(rest.service.sharedMemory.longestRegion == 90)
    #expect(try await rest.send(.POST, "\(Self.path)/region/b/unregister").status == 200)
    #expect(try await rest.send(.POST, "\(Self.path)/region/b/unregister").status == 200)
    #expect(try await rest.send(.GET, "\(Self.path)/region/b/status").status == 404)
    #expect(try await rest.send(.GET, "\(Self.path)/status").text == "[\(entry("a"))]")
    #expect(try await rest.send(.POST, "\(Self.path)/unregister").status == 200)
    #expect(try await rest.send(.GET, "\(Self.path)/status").text == "[]")
    #expect(rest.service.sharedMemory.longestRegion == 0)
    let gone = try await rest.send(.POST, "/v2/models/echo/infer", Self.infer("1", input: Self.slice("a", 0, 2)))
    #expect(gone.status == 400)
    #expect(gone.json["error"] as? String == "inputs[0]: no shared memory region 'a' is registered")
    try await rest.stop()
  }

  @Test func refusesRegionsThatAreNotThere() async throws {
    let rest = try RESTHarness([:])
    let lent = try LentMemory([UInt8](repeating: 1, count: 100))
    let path = "\(Self.path)/region/a/register"
    #expect(try await rest.send(.POST, path, Self.register(lent, size: 100)).status == 200)
    let other = "\(Self.path)/region/b/register"
    for (path, body, words) in [
      (path, Self.register(lent, size: 100), "shared memory region 'a' is registered already"),
      (other, Self.register(lent, size: 101), "101 bytes at offset 0 are more than the 100 bytes of"),
      (other, Self.register(lent, offset: 1, size: 100), "100 bytes at offset 1 are more than the 100 bytes of"),
      (other, Self.register(lent, offset: .max, size: .max), "are more than the 100 bytes of"),
      (other, Self.register(lent, size: 0), "expected an offset of 0 or more and a byte_size of 1 or more"),
      (other, Self.register(lent, offset: -1, size: 1), "expected offset to be a whole number"),
      (other, #"{"key":"/fleet-none","offset":0,"byte_size":1}"#, "shared memory object '/fleet-none' does not exist"),
      (other, #"{"key":"../etc/passwd","offset":0,"byte_size":1}"#, "'../etc/passwd' cannot be opened: Invalid"),
      (other, "{\"key\":\"\(lent.key)\\u0000\",\"offset\":0,\"byte_size\":1}", "not a name"),
      (other, #"{"key":"","offset":0,"byte_size":1}"#, "shared memory object ''"),
      (
        other, "{\"key\":\"\(String(repeating: "a", count: 5000))\",\"byte_size\":1}", "cannot be opened: Invalid"
      ),
      (other, #"{"offset":0}"#, "'key' and 'byte_size' missing"),
      (other, "", "'key' and 'byte_size' missing"),
      ("\(Self.path)/region/\(String(repeating: "a", count: 257))/register", Self.register(lent, size: 1), "1 to 256"),
    ] {
      let answer = try await rest.send(.POST, path, body)
      #expect(answer.status == 400, "\(words)")
      #expect((answer.json["error"] as? String)?.contains(words) == true, "\(words): \(answer.text)")
    }
    #expect(try rest.service.sharedMemory.status().count == 1)
    try await rest.stop()
  }

  @Test func refusesTensorsThatDoNotFit() async throws {
    let rest = try RESTHarness(["echo": EchoModel(.int16)])
    let lent = try LentMemory([UInt8](repeating: 1, count: 100))
    #expect(
      try await rest.send(.POST, "\(Self.path)/region/a/register", Self.register(lent, offset: 90, size: 10)).status
        == 200
    )
    for (input, output, words) in [
      (Self.slice("b", 0, 2), "", "inputs[0]: no shared memory region 'b' is registered"),
      (Self.slice("a", 9, 2), "", "2 bytes at offset 9 are more than the 10 bytes of shared memory region 'a'"),
      (Self.slice("a", .max, 2), "", "are more than the 10 bytes"),
      (Self.slice("a", 0, 3), "", "shared_memory_byte_size is 3, which is not what shape [1] of INT16 takes"),
      (Self.slice("a", 0, 2) + #","binary_data_size":2"#, "", "more than one of data, binary_data_size"),
      (#""shared_memory_region":"a""#, "", "there without shared_memory_byte_size"),
      (#""shared_memory_byte_size":2"#, "", "there without shared_memory_region"),
      (Self.slice("a", 0, 2), Self.slice("a", 9, 1), "does not fit into the 1 bytes"),
      (Self.slice("a", 0, 2), Self.slice("a", 9, 2), "are more than the 10 bytes"),
      (Self.slice("a", 0, 2), Self.slice("b", 0, 2), "no shared memory region 'b'"),
    ] {
      let answer = try await rest.send(.POST, "/v2/models/echo/infer", Self.infer("1", input: input, output: output))
      #expect(answer.status == 400, "\(words)")
      #expect((answer.json["error"] as? String)?.contains(words) == true, "\(words): \(answer.text)")
    }
    #expect(lent.bytes == [UInt8](repeating: 1, count: 100))
    try await rest.stop()
  }

  /// A mapping would end the process here.
  @Test func anOwnerThatCutsItsMemoryHarmsNobody() async throws {
    let rest = try RESTHarness(["echo": EchoModel(.int16)])
    let lent = try LentMemory([UInt8](repeating: 1, count: 8192))
    #expect(try await rest.send(.POST, "\(Self.path)/region/a/register", Self.register(lent, size: 8192)).status == 200)
    lent.cut(to: 4096)
    for (input, output) in [
      (Self.slice("a", 4096, 200), ""), (Self.slice("a", 4000, 200), ""),
      (Self.slice("a", 0, 200), Self.slice("a", 4000, 200)),
    ] {
      let answer = try await rest.send(.POST, "/v2/models/echo/infer", Self.infer("100", input: input, output: output))
      #expect(answer.status == 400)
      #expect((answer.json["error"] as? String)?.contains("'a' has become shorter") == true, "\(answer.text)")
    }
    #expect(lent.bytes.count == 4096, "nothing made it longer again")
    let whole = try await rest.send(.POST, "/v2/models/echo/infer", Self.infer("100", input: Self.slice("a", 0, 200)))
    #expect(whole.status == 200)
    try await rest.stop()
  }

  @Test func longTensorsAreCopiedOffTheEventLoopAndCounted() async throws {
    let lent = try LentMemory([UInt8](repeating: 0, count: 2 << 20))
    var limits = HTTPLimits()
    let body = Self.infer("1,\(1 << 20)", input: Self.slice("a", 0, 2 << 20), output: Self.slice("a", 0, 2 << 20))
    for (limit, status) in [(4 << 20, 200), (1 << 20, 413)] {
      limits.decompressedBytes = limit
      let rest = try RESTHarness(["echo": EchoModel(.int16, shape: [1, -1])], limits: limits)
      #expect(
        try await rest.send(.POST, "\(Self.path)/region/a/register", Self.register(lent, size: 2 << 20)).status == 200
      )
      #expect(try await rest.send(.POST, "/v2/models/echo/infer", body).status == status)
      #expect(rest.census.bodyBytes == 0)
      try await rest.stop()
    }
  }

  @Test func regionsHaveABound() throws {
    let registry = SharedMemoryRegistry()
    let lent = try LentMemory([1])
    for number in 0..<SharedMemoryRegistry.maximumRegions {
      try registry.register(.init(name: "\(number)", key: lent.key, offset: 0, byteSize: 1))
    }
    #expect(throws: ServingError(.invalid, "128 regions are registered already")) {
      try registry.register(.init(name: "more", key: lent.key, offset: 0, byteSize: 1))
    }
    registry.unregister("0")
    try registry.register(.init(name: "more", key: lent.key, offset: 0, byteSize: 1))
  }
}
