import ArgumentParser
import FleetAuthority
import FleetConsole
import FleetCore
import Foundation

struct SignCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sign",
    abstract: "Sign a version of a model, so that boxes which trust the key take it.",
    discussion: """
      Checks every file against the manifest first, then writes signature.json beside it. A box takes no counter of a model's name that \
      is lower than one it has seen, so an old version cannot be replayed. The counter is Unix time in seconds, or one more than the \
      highest of the versions in the folders beside where that is larger: so it grows whoever signs, and on whichever machine.
      """
  )

  @Argument(help: "The version's folder, with its files and manifest.json.")
  var folder: String

  @Option(help: ArgumentHelp("The signing key, a file of 'fleet key create'.", valueName: "file"))
  var key: String

  @Option(
    help: ArgumentHelp(
      "How long boxes take it, such as 90d, up to 365d; one that serves it goes on (default: for ever).",
      valueName: "duration"
    )
  )
  var expires: String?

  @Option(help: "The counter, when the one chosen is not the right one.")
  var counter: UInt64?

  @Flag(help: "Print the signature as JSON.")
  var json = false

  func run() async throws {
    let now = Date().timeIntervalSince1970
    let lifetime = try lifetime()
    if let counter, !(1...ManifestSignature.largestCounter).contains(counter) {
      throw UsageError("--counter: expected 1 to \(ManifestSignature.largestCounter), found '\(counter)'")
    }
    let signingKey = try SigningKeyFiles.signingKey(at: key)
    let model = try LocalModel(unsigned: folder)
    let problems = model.fileProblems
    guard problems.isEmpty else {
      throw CommandError(.corrupt, (["\(model.version) was not signed"] + problems).joined(separator: "\n"))
    }
    let signature = try signingKey.sign(
      model.manifest,
      counter: try counter ?? SignatureCounter.next(for: folder, at: now),
      expires: lifetime.map { UInt64(now + $0.seconds) }
    )
    let path = "\(folder)/\(ManifestSignature.fileName)"
    do {
      try Data(signature.fileBytes).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw CommandError(.failed, "'\(path)' cannot be written: \(error.localizedDescription)")
    }
    let output = SigningOutput.Signature(model.manifest, signature, problems: [])
    if json { return try SigningOutput.print(output) }
    print("\(path)\n\(output.line)")
  }

  private func lifetime() throws -> Duration? {
    guard let expires else { return nil }
    guard let lifetime = Quantity.duration(expires), lifetime >= .seconds(1) else {
      throw UsageError("--expires: expected a duration such as '90d', from '1s' to '365d', found '\(expires)'")
    }
    return lifetime
  }
}

struct VerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Check a version of a model as a box would: its files, its manifest and who signed it.",
    discussion:
      "Exit status 1 when a box that trusts these keys would not take it. Which counters a box has seen, only the box knows."
  )

  @Argument(help: "The version's folder, with its files, manifest.json and signature.json.")
  var folder: String

  @Option(help: ArgumentHelp("A file of public keys; may be repeated.", valueName: "file"))
  var trusted: [String]

  @Flag(help: "Print what was found as JSON.")
  var json = false

  func run() async throws {
    let keys = TrustedKeys(try SigningKeyFiles.publicKeys(at: trusted))
    let check = try SignatureCheck(of: folder, trusted: keys, at: Date())
    let output = SigningOutput.Signature(check.model.manifest, check.model.signature, problems: check.problems)
    if json {
      try SigningOutput.print(output)
    } else if check.problems.isEmpty {
      print(output.line)
    }
    guard check.problems.isEmpty else {
      if !json { for problem in check.problems { Complaint.print("fleet: \(problem)") } }
      throw ExitStatus.failed
    }
  }
}
