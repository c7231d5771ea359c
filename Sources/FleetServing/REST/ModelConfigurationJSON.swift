import FleetCore

/// A model's configuration as Triton writes it: its `ModelConfig` message in JSON.
enum ModelConfigurationJSON {
  static func text(_ configuration: ModelConfiguration) -> String {
    let name = JSONText.quoted(configuration.name)
    let platform = JSONText.quoted(configuration.platform)
    var text = """
      {"name":\(name),"platform":\(platform),"backend":\(platform),\
      "version_policy":\(policy(configuration.versions)),"max_batch_size":\(configuration.maximumBatch),\
      "input":\(tensors(configuration.inputs)),"output":\(tensors(configuration.outputs)),\
      "instance_group":[{"name":\(name),"kind":"KIND_AUTO","count":1}],\
      "model_transaction_policy":{"decoupled":false}
      """
    if let batching = configuration.dynamicBatching {
      text += """
        ,"dynamic_batching":{"preferred_batch_size":[\(batching.largestBatch)],\
        "max_queue_delay_microseconds":\(batching.longestDelayMicroseconds),\
        "default_queue_policy":{"timeout_action":"REJECT",\
        "default_timeout_microseconds":\(batching.longestWaitMicroseconds),"max_queue_size":\(batching.maximumQueued)}}
        """
    }
    return text + "}"
  }

  private static func policy(_ versions: ModelOptions.VersionPolicy) -> String {
    switch versions {
    case .latest: #"{"latest":{"num_versions":1}}"#
    case .all: #"{"all":{}}"#
    case .listed(let numbers): "{\"specific\":{\"versions\":[\(numbers.map(String.init).joined(separator: ","))]}}"
    }
  }

  private static func tensors(_ tensors: [ModelConfiguration.Tensor]) -> String {
    let entries = tensors.map { tensor in
      """
      {"name":\(JSONText.quoted(tensor.name)),"data_type":"\(tensor.datatype.configurationName)",\
      "dims":\(InferValidation.text(tensor.dimensions))}
      """
    }
    return "[\(entries.joined(separator: ","))]"
  }
}
