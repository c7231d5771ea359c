import FleetCore
import Testing

struct FaultInjectionTests {
  @Test func readsAFault() throws {
    let fault = try FaultInjection(parsing: "latency=120ms errors=5% after=45s for=30s")
    #expect(fault.latency == .milliseconds(120))
    #expect(fault.errors == 0.05)
    #expect(fault.after == .seconds(45))
    #expect(fault.lasting == .seconds(30))
    #expect(fault.text == "latency=120ms errors=5% after=45s for=30s")
  }

  @Test(arguments: ["latency=1us", "errors=100%", "  latency=1s   after=0s "])
  func readsPartsOfOne(_ text: String) throws {
    #expect(try FaultInjection(parsing: text).text == text)
  }

  @Test func saysAllProblemsAtOnce() {
    expect(
      "latncy=120ms errors=5 after=soon latency 120ms latency=fast",
      """
      --inject: unknown fault 'latncy'; did you mean 'latency'?
      --inject: errors: expected a percentage such as '5%', found '5'
      --inject: after: expected a duration such as '120ms', found 'soon'
      --inject: expected key=value, found 'latency'
      --inject: expected key=value, found '120ms'
      --inject: latency: expected a duration such as '120ms', found 'fast'
      """
    )
  }

  @Test(arguments: ["", " ", "after=45s", "latency=0ms", "errors=0% after=1s", "latency=1s for=0s"])
  func refusesAFaultThatDoesNothing(_ text: String) {
    expect(text, "--inject: expected 'latency=TIME' or 'errors=PERCENT', found '\(text)'")
  }

  private func expect(_ text: String, _ message: String, sourceLocation: SourceLocation = #_sourceLocation) {
    let error = #expect(throws: CommandError.self, sourceLocation: sourceLocation) {
      _ = try FaultInjection(parsing: text)
    }
    #expect(error == CommandError(.invalid, message), sourceLocation: sourceLocation)
  }
}
