import FleetCore

/// What models have done, as Triton's statistics extension writes it.
enum ModelStatisticsJSON {
  static func text(_ views: [ModelStatisticsView]) -> String {
    "{\"model_stats\":[\(views.map(entry).joined(separator: ","))]}"
  }

  private static func entry(_ view: ModelStatisticsView) -> String {
    let counts = view.counts
    let batches = view.batches.map { batch in
      """
      {"batch_size":\(batch.size),"compute_input":\(sum(batch.input)),"compute_infer":\(sum(batch.infer)),\
      "compute_output":\(sum(batch.output))}
      """
    }
    // There is no response cache: nothing is found in it, and nothing is missed.
    return """
      {"name":\(JSONText.quoted(view.name)),"version":"\(view.version)","last_inference":\(counts.lastInference),\
      "inference_count":\(counts.inferences),"execution_count":\(counts.executions),\
      "inference_stats":{"success":\(sum(counts.success)),"fail":\(sum(counts.failure)),"queue":\(sum(counts.queue)),\
      "compute_input":\(sum(counts.input)),"compute_infer":\(sum(counts.infer)),"compute_output":\(sum(counts.output)),\
      "cache_hit":\(sum(.init())),"cache_miss":\(sum(.init()))},"batch_stats":[\(batches.joined(separator: ","))]}
      """
  }

  private static func sum(_ sum: VersionStatistics.Sum) -> String {
    "{\"count\":\(sum.count),\"ns\":\(sum.nanoseconds)}"
  }
}
