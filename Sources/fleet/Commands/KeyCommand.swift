import ArgumentParser
import FleetAuthority
import FleetCore

struct KeyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "key",
    abstract: "Make the keys that sign versions of models, and tell them apart.",
    subcommands: [KeyCreateCommand.self, KeyShowCommand.self]
  )
}

struct KeyCreateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "create",
    abstract: "Make a key pair (Ed25519); never overwrites one.",
    discussion: """
      NAME.key signs: keep it where only you can read it. NAME.pub goes to every box, for 'fleetd run --trusted-key'. \
      To change keys, have the boxes trust both for a while: --trusted-key may be repeated.
      """
  )

  @Argument(help: "What to call it, such as release.")
  var name: String

  @Option(help: ArgumentHelp("Where to put it.", valueName: "folder"))
  var folder: String = "./keys"

  @Flag(help: "Print what was made as JSON.")
  var json = false

  func run() async throws {
    guard NodeName.isValidPart(name) else {
      throw UsageError(
        "'\(name)' cannot be a key's name: use letters, digits, '.', '_' and '-', at most 63 of them"
      )
    }
    let files = try SigningKeyFiles.create(name: name, in: folder)
    if json {
      return try SigningOutput.print(
        SigningOutput.Key(fingerprint: files.fingerprint, key: files.keyPath, public: files.publicPath)
      )
    }
    print(
      """
      \(files.keyPath)  signs; keep it where only you can read it
      \(files.publicPath)  for every box: fleetd run --trusted-key \(name).pub
      fingerprint \(files.fingerprint)
      """
    )
  }
}

struct KeyShowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Print the fingerprints of the keys in a file, public or secret."
  )

  @Argument(help: "A file of 'fleet key create', or another key in PEM form.")
  var file: String

  @Flag(help: "Print them as JSON.")
  var json = false

  func run() async throws {
    let (keys, isSecret) = try SigningKeyFiles.show(file)
    if json {
      return try SigningOutput.print(
        SigningOutput.Keys(
          isSecret: isSecret,
          keys: keys.map { SigningOutput.Keys.Key(fingerprint: $0.fingerprint, algorithm: $0.algorithm.rawValue) }
        )
      )
    }
    for key in keys {
      print("\(key.fingerprint)  \(isSecret ? "signing key" : "public key") (\(key.algorithm.rawValue))")
    }
  }
}
