package import FleetCore

/// A version with its bytes, to be pushed in tests.
package struct TestVersion: Sendable {
  package let manifest: ModelManifest
  package let contents: [String: [UInt8]]

  package init(_ version: ModelVersion, contents: [String: [UInt8]]) {
    manifest = ModelManifest(
      version: version,
      files: contents.map { path, bytes in
        ModelManifest.File(path: path, bytes: UInt64(bytes.count), sha256: SHA256Text.hash(bytes))
      }
    )
    self.contents = contents
  }

  /// Two small files that no engine could load.
  package static func tiny(_ number: Int, model: String = "tag-reader") -> TestVersion {
    let weights = (0..<2000).map { UInt8(truncatingIfNeeded: $0 &* (number &+ 7)) }
    return TestVersion(
      ModelVersion(name: model, number: number),
      contents: ["model.onnx": weights, "labels/names.txt": Array("zero\none\n\(number)\n".utf8)]
    )
  }

  /// The same with a golden set of `labels.count` pictures.
  package static func golden(_ number: Int, labels: [Int] = [3, 1, 4]) -> TestVersion {
    let images = labels.map { label in (0..<64).map { $0 == label ? "16" : "0" }.joined(separator: ",") }
    let golden = """
      {"input":"pixels","output":"scores","images":[\(images.map { "[\($0)]" }.joined(separator: ","))],"labels":\(labels)}
      """
    let tiny = tiny(number)
    return TestVersion(
      tiny.version,
      contents: tiny.contents.merging([GoldenResult.fileName: Array(golden.utf8)]) { $1 }
    )
  }

  package var version: ModelVersion { manifest.version }
  package var digest: ModelDigest { manifest.digest }

  /// All bytes in chunks of at most `size`, in the manifest's order.
  package func chunks(of size: Int = FileChunk.maximumBytes) -> [FileChunk] {
    manifest.files.flatMap { file in
      let bytes = contents[file.path] ?? []
      return stride(from: 0, to: bytes.count, by: size).map { start in
        FileChunk(
          digest: digest,
          path: file.path,
          offset: UInt64(start),
          bytes: Array(bytes[start..<min(start + size, bytes.count)])
        )
      }
    }
  }

  /// Stages and writes the whole version.
  package func push(
    to agent: some NodeAgent,
    chunkBytes: Int = FileChunk.maximumBytes,
    signature: ManifestSignature? = nil
  ) async throws {
    _ = try await agent.execute(.stage(manifest, signature: signature))
    for chunk in chunks(of: chunkBytes) { _ = try await agent.execute(.write(chunk)) }
  }
}
