import FleetCore
import FoundationEssentials
import Testing

@testable import FleetConsole

/// Who looks once takes a node's answer for its state until all were heard.
@Suite struct GlanceTests {
  private static let name = NodeName(store: "s", node: "a")

  private func state(isGlance: Bool) -> FleetState {
    let node = FleetDefinition.Node(name: Self.name, address: "h:1")
    let definition = FleetDefinition(name: "acme", stores: [.init(name: "s", nodes: [node])])
    var state = FleetState(definition: definition, now: moment(0), isGlance: isGlance)
    let frame = Frame(
      node: Self.name,
      sequence: 1,
      agentStarted: FleetFixture.start,
      time: FleetFixture.start,
      engine: EngineStatus(state: .serving)
    )
    _ = update(&state, .frame(Self.name, frame), at: moment(1))
    return state
  }

  private func moment(_ seconds: Double) -> Moment {
    Moment(uptime: seconds, date: FleetFixture.start.addingTimeInterval(seconds))
  }

  @Test func anAnswerHoldsWhileOthersAreHeard() throws {
    let (once, always) = (state(isGlance: true).nodes[0], state(isGlance: false).nodes[0])
    #expect(once.condition(at: moment(31)) == .healthy && always.condition(at: moment(31)) == .unreachable)
    #expect(once.age(at: moment(31)) == 30, "and it says how old it is")
    #expect(once.condition(at: moment(62)) == .unreachable)
  }

  @Test func aLinkThatWasLostSinceIsTold() {
    var state = state(isGlance: true)
    _ = update(&state, .linkLost(Self.name, "connection reset"), at: moment(2))
    #expect(state.nodes[0].condition(at: moment(2)) == .unreachable)
  }
}
