import FleetConfiguration
import FleetCore
import Testing

struct DesiredVersionTests {
  private func fleet(_ models: String) throws -> FleetDefinition {
    let text = """
      version: 1
      fleet: f
      \(models)
      strategies: [{name: careful, bake: 2m}]
      stores:
        - {name: austin-01, labels: {tier: canary}, nodes: [{name: a, address: "h:1"}, {name: b, address: "h:2"}]}
        - {name: denver-02, nodes: [{name: a, address: "h:3"}]}
      """
    return try FleetFile.parse(text: text, file: "fleet.yaml", folder: "/etc/fleet")
  }

  private func numbers(_ fleet: FleetDefinition) -> [Int?] {
    fleet.nodes.map { node in fleet.models.first?.desired?.number(for: node) }
  }

  @Test func theIssuesExampleReadsAsPromised() throws {
    let fleet = try fleet("models: {tag-reader: {version: 2, canary: {to: 'tier=canary', version: 3}}}")
    #expect(fleet.models.map(\.name) == ["tag-reader"])
    #expect(fleet.models.map(\.path) == ["/etc/fleet/models/tag-reader"], "beside the file when nothing is said")
    #expect(numbers(fleet) == [3, 3, 2] && fleet.hasDesiredVersions)
    #expect(fleet.models.first?.desired?.strategy == nil)
  }

  @Test func aListSaysTheSame() throws {
    let fleet = try fleet(
      "models: [{name: m, path: /srv/m, version: 7, to: austin-*, canary: {to: 'austin-01/b', version: 8}, strategy: careful}]"
    )
    #expect(fleet.models.first?.path == "/srv/m" && fleet.models.first?.desired?.strategy == "careful")
    #expect(numbers(fleet) == [7, 8, nil], "nothing is said of the others")
  }

  @Test func modelsOfATableStayInTheirOrder() throws {
    let fleet = try fleet("models: {zebra: {version: 1}, ant: {path: a}, moth: {version: 2}}")
    #expect(fleet.models.map(\.name) == ["zebra", "ant", "moth"])
    #expect(fleet.models.map { $0.desired?.number } == [1, nil, 2])
  }

  @Test func aFileMayLeaveItOpen() throws {
    let fleet = try fleet("models: [{name: m, path: /srv/m}]")
    #expect(!fleet.hasDesiredVersions && numbers(fleet) == [nil, nil, nil])
  }
}
