import FleetCore

/// What a caller needs to know of a model to ask it something.
package struct ModelMetadata: Sendable, Equatable {
  package var name: String
  /// Those that answer.
  package var versions: [Int]
  package var platform: String
  package var inputs: [TensorDescription]
  package var outputs: [TensorDescription]

  package init(_ served: ServedVersion) {
    name = served.version.name
    versions = [served.version.number]
    platform = served.model.platform
    inputs = served.model.inputs
    outputs = served.model.outputs
  }
}
