import ArgumentParser
import FleetAuthority
import FleetCore

struct AuthorityCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ca",
    abstract: "Make the fleet's certificate authority and the certificates of its nodes and operators.",
    subcommands: [AuthorityCreateCommand.self, AuthorityIssueCommand.self]
  )
}

struct AuthorityCreateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "create",
    abstract: "Make the authority of a new fleet; never overwrites one."
  )

  @Argument(help: "The fleet's name, as in fleet.yaml.")
  var fleet: String

  @Option(help: ArgumentHelp("Where to put it.", valueName: "folder"))
  var certificates: String = "certificates"

  func run() async throws {
    guard NodeName.isValidPart(fleet) else { throw UsageError("'\(fleet)' is not a fleet's name") }
    _ = try CertificateAuthority.create(fleet: fleet, in: certificates)
    print("The authority of fleet '\(fleet)' is in \(certificates). Keep ca.key where only you can read it.")
  }
}

struct AuthorityIssueCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "issue",
    abstract: "Make the certificate of a node or an operator.",
    discussion: "A node's certificate lets it be called; only an operator's lets one call. They are good for a year."
  )

  @Option(help: ArgumentHelp("The node it is for.", valueName: "store/node"))
  var node: String?

  @Option(name: .customLong("operator"), help: ArgumentHelp("The person it is for.", valueName: "name"))
  var person: String?

  @Option(help: ArgumentHelp("Folder of the authority.", valueName: "folder"))
  var certificates: String = "certificates"

  @Flag(help: "Renew a certificate that is there; the old one is good until it ends.")
  var replace = false

  func run() async throws {
    let authority = try CertificateAuthority(opening: certificates)
    switch (node, person) {
    case (let node?, nil):
      guard let name = NodeName(node) else { throw UsageError("--node: expected STORE/NODE, found '\(node)'") }
      let files = try authority.issueNode(name, replacing: replace)
      print("\(files.certificatePath)\n\(files.keyPath)")
    case (nil, let person?):
      guard NodeName.isValidPart(person) else { throw UsageError("--operator: '\(person)' is not a name") }
      let files = try authority.issueOperator(person, replacing: replace)
      print("\(files.certificatePath)\n\(files.keyPath)")
    default:
      throw UsageError("give either --node STORE/NODE or --operator NAME")
    }
  }
}
