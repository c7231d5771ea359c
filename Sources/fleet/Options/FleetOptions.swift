import ArgumentParser
import FleetConfiguration
import FleetConsole
import FleetCore
import FleetWire
import Foundation

/// Which fleet a command is about, and as whom it is called.
struct FleetOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The operator's file.", valueName: "file"))
  var fleet: String = "fleet.yaml"

  @Option(
    help: ArgumentHelp(
      "The fleet's certificates, as 'fleet ca' makes them (default: 'certificates' beside the fleet's file).",
      valueName: "folder"
    )
  )
  var certificates: String?

  @Option(
    name: .customLong("as"),
    help: ArgumentHelp("Whose certificate to show (default: yours, or the only one there).", valueName: "operator")
  )
  var person: String?

  /// Throws a `ConfigurationError` with every problem of the file.
  func definition() throws -> FleetDefinition {
    try FleetFile.read(path: fleet)
  }

  /// The fleet with the nodes that `query` selects and no others.
  func definition(of query: String) throws -> FleetDefinition {
    let fleet = try definition()
    return fleet.narrowed(to: try Selection(query, in: fleet).nodes)
  }

  /// Throws a `UsageError` when there is no certificate, or several and none is yours.
  func credentialFiles() throws -> CredentialFiles {
    let beside = URL(filePath: fleet).deletingLastPathComponent().appending(path: "certificates")
    let folder = certificates.map { URL(filePath: $0) } ?? beside
    let operators = folder.appending(path: "operators")
    let files = (try? FileManager.default.contentsOfDirectory(atPath: operators.path(percentEncoded: false))) ?? []
    let names = files.filter { $0.hasSuffix(".pem") }.map { String($0.dropLast(4)) }.sorted()
    let name: String
    if let person {
      guard names.contains(person) else {
        let hint = NearName.hint(for: person, among: names)
        throw UsageError("no certificate of operator '\(person)' in \(operators.path(percentEncoded: false))\(hint)")
      }
      name = person
    } else if names.contains(NSUserName()) {
      name = NSUserName()
    } else if names.count == 1 {
      name = names[0]
    } else if names.isEmpty {
      throw UsageError(
        "no operator's certificate in \(operators.path(percentEncoded: false)); 'fleet ca issue --operator NAME' makes one, "
          + "--certificates names another folder"
      )
    } else {
      throw UsageError(
        "several operators have certificates here; say which with --as: \(names.joined(separator: ", "))"
      )
    }
    return CredentialFiles(
      authority: folder.appending(path: "ca.pem").path(percentEncoded: false),
      certificate: operators.appending(path: "\(name).pem").path(percentEncoded: false),
      key: operators.appending(path: "\(name).key").path(percentEncoded: false)
    )
  }
}
