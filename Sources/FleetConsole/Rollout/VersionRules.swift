internal import FleetCore

/// Tells from a version's folder why it would be of no use on any node.
struct VersionRules {
  /// What engines open (`FleetServing`'s `ModelFile`), at the top of the folder.
  static let modelExtensions = ["xml", "onnx", "tflite", "pdmodel", "gguf"]

  let model: LocalModel
  let gate: Gate

  /// Looks at the files, too.
  var problems: [Preflight.VersionProblem] { files + manifestProblems }

  /// What the manifest alone tells.
  var manifestProblems: [Preflight.VersionProblem] { [readable, goldenSet].compactMap(\.self) }

  private var files: [Preflight.VersionProblem] {
    model.fileProblems.map { problem in
      Preflight.VersionProblem(kind: .files, reason: problem, cure: "make the folder what its manifest says")
    }
  }

  private var readable: Preflight.VersionProblem? {
    let names = model.manifest.files.map(\.path).filter { !$0.contains("/") }
    let known = Self.modelExtensions.map { ".\($0)" }
    for suffix in known {
      let matches = names.filter { $0.hasSuffix(suffix) }
      if matches.count > 1 {
        let reason = "an engine cannot tell which to load: \(matches.joined(separator: ", "))"
        return Preflight.VersionProblem(kind: .unreadable, reason: reason, cure: "leave one of them in the version")
      }
      guard let name = matches.first else { continue }
      let weights = name.dropLast(3) + "bin"
      guard suffix == ".xml", !names.contains(String(weights)) else { return nil }
      let reason = "\(name) is there without its weights, \(weights)"
      return Preflight.VersionProblem(kind: .unreadable, reason: reason, cure: "export the version again")
    }
    let reason = "no file that an engine can read: \(names.joined(separator: ", "))"
    let cure = "export the model to a file that ends in \(known.joined(separator: ", "))"
    return Preflight.VersionProblem(kind: .unreadable, reason: reason, cure: cure)
  }

  private var goldenSet: Preflight.VersionProblem? {
    guard gate.measuresAccuracy, !model.manifest.files.contains(where: { $0.path == GoldenResult.fileName }) else {
      return nil
    }
    return Preflight.VersionProblem(
      kind: .noGoldenSet,
      reason: "the gate asks for accuracy, and \(model.version) has no \(GoldenResult.fileName): it could never decide",
      cure: "put one into the version, or take accuracy out of the gate"
    )
  }
}
