/// `model.sig`, the second accepted format: what the OpenSSF model-signing tool writes.
extension ManifestSignature {
  package static let bundleFileName = "model.sig"
  /// A statement on as many files as a manifest may have, in base64.
  package static let maximumBundleBytes = 256 << 10

  /// Reads a bundle for `version`. Throws `.invalid` when it is none.
  package init(bundle bytes: [UInt8], of version: ModelVersion) throws(CommandError) {
    guard bytes.count <= Self.maximumBundleBytes else {
      throw CommandError(
        .invalid,
        "\(Self.bundleFileName): \(bytes.count) bytes are more than the \(Self.maximumBundleBytes) allowed"
      )
    }
    // Repaired text would not be what was read.
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw CommandError(.invalid, "\(Self.bundleFileName): not a Sigstore bundle: not UTF-8")
    }
    do throws(CommandError) {
      let bundle = try SigstoreBundle(parsing: text)
      self.init(key: bundle.keyHint, counter: UInt64(max(0, version.number)), signature: text)
    } catch {
      throw CommandError(error.code, "\(Self.bundleFileName): \(error.message)")
    }
  }

  package var isBundle: Bool { signature.utf8.first == UInt8(ascii: "{") }

  /// The bundle as it counts for `version`: whatever else stands beside it is not signed, so it must say what can be seen in the bundle.
  func bundle(of version: ModelVersion) throws(SignatureRefusal) -> SigstoreBundle {
    let read: ManifestSignature
    let bundle: SigstoreBundle
    do throws(CommandError) {
      read = try ManifestSignature(bundle: Array(signature.utf8), of: version)
      bundle = try SigstoreBundle(parsing: signature)
    } catch {
      throw .malformed([error.message])
    }
    guard read == self else {
      throw .malformed([
        "\(Self.bundleFileName): the tool signs neither a counter nor an expiry, so the counter must be \(version.number), the key "
          + "\(bundle.keyHint), and there is no expiry"
      ])
    }
    return bundle
  }
}
