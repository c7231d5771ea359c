import NIOCore

/// Calls that are computed in one run, row behind row.
struct Batch {
  let calls: [InferValidation.Prepared]
  /// Of each call.
  let rows: [Int]
  let rowCount: Int
  /// All outputs that any of the calls wants.
  let wanted: [Int]

  init(_ calls: [InferValidation.Prepared]) {
    self.calls = calls
    rows = calls.map { $0.inputs.first?.shape.first ?? 1 }
    rowCount = rows.reduce(0, +)
    wanted = Set(calls.flatMap(\.wanted)).sorted()
  }

  /// What calls must have alike to be computed together: every length but the rows. Nil for a call that cannot be: its inputs
  /// differ in their number of rows.
  static func kind(_ prepared: InferValidation.Prepared) -> [Int]? {
    var kind: [Int] = []
    let rows = prepared.inputs.first?.shape.first
    for input in prepared.inputs {
      guard input.shape.first == rows else { return nil }
      kind.append(input.shape.count)
      kind += input.shape.dropFirst()
    }
    return kind
  }

  /// Of the joint inputs.
  func shape(for model: any LoadedModel) -> ModelPace.Shape {
    var inputs = calls.first?.inputs ?? []
    for index in inputs.indices { inputs[index].shape[0] = rowCount }
    var shape = InferValidation.shape(of: inputs, for: model)
    shape.bytes = calls.reduce(0) { $0 + $1.shape.bytes }
    return shape
  }

  /// Every call's part of `outputs`, which are those of `wanted`; nil when they have other rows than went in.
  func split(_ outputs: [Tensor]) -> [[Tensor]]? {
    guard outputs.count == wanted.count else { return nil }
    var parts = [[Tensor]](repeating: [], count: calls.count)
    for (call, prepared) in calls.enumerated() {
      let first = rows[..<call].reduce(0, +)
      for index in prepared.wanted {
        guard let place = wanted.firstIndex(of: index), outputs[place].shape.first == rowCount else { return nil }
        let output = outputs[place]
        let rowBytes = output.bytes.readableBytes / max(1, rowCount)
        let start = output.bytes.readerIndex + first * rowBytes
        guard rowBytes * rowCount == output.bytes.readableBytes,
          let bytes = output.bytes.getSlice(at: start, length: rows[call] * rowBytes)
        else { return nil }
        let shape = [rows[call]] + output.shape.dropFirst()
        parts[call].append(Tensor(name: output.name, datatype: output.datatype, shape: shape, bytes: bytes))
      }
    }
    return parts
  }
}
