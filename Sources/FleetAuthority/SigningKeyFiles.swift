package import FleetCore
import Foundation

/// The key pair that signs versions: `NAME.key`, which stays with whoever may release, and `NAME.pub`, which every box gets.
package struct SigningKeyFiles: Sendable, Equatable {
  package let keyPath: String
  package let publicPath: String
  package let fingerprint: String

  /// Makes a key in `folder`, which is made when it is missing. Throws `.conflict` when either file is there already.
  package static func create(name: String, in folder: String) throws(CommandError) -> SigningKeyFiles {
    guard NodeName.isValidPart(name) else {
      throw CommandError(
        .invalid,
        "'\(name)' cannot be a key's name: use letters, digits, '.', '_' and '-', at most 63 of them"
      )
    }
    let (keyPath, publicPath) = ("\(folder)/\(name).key", "\(folder)/\(name).pub")
    let taken = [keyPath, publicPath].filter { FileManager.default.fileExists(atPath: $0) }
    guard taken.isEmpty else {
      throw CommandError(
        .conflict,
        taken.map {
          "'\($0)' is there already, and boxes may trust it, so it is left as it is; give the key another name"
        }
        .joined(separator: "\n")
      )
    }
    let key = SigningKey()
    try KeyFiles.makeFolder(folder)
    try KeyFiles.writeNew(key.text(name: name), to: keyPath, isSecret: true)
    do throws(CommandError) {
      try KeyFiles.writeNew(key.publicKey.text(name: name), to: publicPath, isSecret: false)
    } catch {
      // What is left of it would stand in the way of the next try.
      try? FileManager.default.removeItem(atPath: keyPath)
      throw error
    }
    return SigningKeyFiles(keyPath: keyPath, publicPath: publicPath, fingerprint: key.publicKey.fingerprint)
  }

  /// Reads a signing key. Throws `.denied` when others than its owner can read it: then it may be theirs already.
  package static func signingKey(at path: String) throws(CommandError) -> SigningKey {
    let text = try text(at: path)
    let key = try blaming(path) { () throws(CommandError) in try SigningKey(parsing: text) }
    let mode = (try? FileManager.default.attributesOfItem(atPath: path))?[.posixPermissions] as? Int ?? 0
    guard mode & 0o077 == 0 else {
      throw CommandError(
        .denied,
        "'\(path)' can be read or changed by others (mode \(String(mode & 0o777, radix: 8))), so anybody may sign with it; "
          + "if nobody has, 'chmod 600' it, otherwise make another key"
      )
    }
    return key
  }

  /// Reads every file of public keys. Throws every problem at once.
  package static func publicKeys(at paths: [String]) throws(CommandError) -> [PublicKey] {
    var keys: [PublicKey] = []
    var problems: [CommandError] = []
    for path in paths {
      do throws(CommandError) {
        let text = try text(at: path)
        keys += try blaming(path) { () throws(CommandError) in try PublicKey.list(parsing: text) }
      } catch {
        problems.append(error)
      }
    }
    guard let first = problems.first else { return keys }
    throw CommandError(first.code, problems.map(\.message).joined(separator: "\n"))
  }

  /// The public keys of a file of either kind, and whether it is the secret one.
  package static func show(_ path: String) throws(CommandError) -> (keys: [PublicKey], isSecret: Bool) {
    let text = try text(at: path)
    if let key = try? SigningKey(parsing: text) { return ([key.publicKey], true) }
    return (try publicKeys(at: [path]), false)
  }

  private static func text(at path: String) throws(CommandError) -> String {
    let data: Data
    do {
      let type = try FileManager.default.attributesOfItem(
        atPath: URL(fileURLWithPath: path).resolvingSymlinksInPath().path
      )[.type]
      guard type as? FileAttributeType == .typeRegular else { throw CommandError(.invalid, "'\(path)' is no file") }
      let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
      defer { try? handle.close() }
      data = try handle.read(upToCount: PEMText.maximumBytes + 1) ?? Data()
    } catch let error as CommandError {
      throw error
    } catch {
      throw CommandError(.notFound, "'\(path)' cannot be read: \(error.localizedDescription)")
    }
    guard data.count <= PEMText.maximumBytes else {
      throw CommandError(.invalid, "'\(path)' is no file of keys: it has more than \(PEMText.maximumBytes >> 10) KB")
    }
    return String(decoding: data, as: UTF8.self)
  }

  private static func blaming<Value>(_ path: String, _ body: () throws(CommandError) -> Value) throws(CommandError)
    -> Value
  {
    do throws(CommandError) {
      return try body()
    } catch {
      throw CommandError(error.code, "'\(path)': \(error.message)")
    }
  }
}
