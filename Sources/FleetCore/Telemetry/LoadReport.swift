/// What a node tells its siblings of its load, once a second: who is asked knows nothing of who asks. Counts are cumulative since its engine
/// started.
package struct LoadReport: Sendable, Equatable {
  package struct Model: Sendable, Equatable {
    package var name: String
    package var version: Int
    package var requests: UInt64
    package var errors: UInt64
    package var inFlight: UInt64
    package var latency: LatencyHistogram

    package init(
      name: String,
      version: Int,
      requests: UInt64 = 0,
      errors: UInt64 = 0,
      inFlight: UInt64 = 0,
      latency: LatencyHistogram = LatencyHistogram()
    ) {
      self.name = name
      self.version = version
      self.requests = requests
      self.errors = errors
      self.inFlight = inFlight
      self.latency = latency
    }
  }

  /// Where it is found: `GET /v2/load` on the port of REST clients.
  package static let path = "load"
  /// No node says more.
  package static let maximumBytes = 1 << 20
  private static let maximumModels = 256
  private static let maximumBuckets = 8192

  package var node: NodeName
  /// The node's clock, in seconds since 1970.
  package var time: Double
  /// Whether it answers requests itself.
  package var isServing: Bool
  package var models: [Model]

  package init(node: NodeName, time: Double, isServing: Bool, models: [Model]) {
    self.node = node
    self.time = time
    self.isServing = isServing
    self.models = models
  }
}

extension LoadReport: Codable {
  private enum Key: String, CodingKey {
    case node, time, serving, models
  }

  private enum ModelKey: String, CodingKey {
    case name, version, requests, errors, inFlight = "in_flight", latency = "latency_us"
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    node = try container.decode(NodeName.self, forKey: .node)
    time = try container.decode(Double.self, forKey: .time)
    isServing = try container.decode(Bool.self, forKey: .serving)
    models = []
    var list = try container.nestedUnkeyedContainer(forKey: .models)
    while !list.isAtEnd, models.count < Self.maximumModels {
      let model = try list.nestedContainer(keyedBy: ModelKey.self)
      var pairs = try model.nestedUnkeyedContainer(forKey: .latency)
      var buckets: [LatencyHistogram.Bucket] = []
      while !pairs.isAtEnd, buckets.count < Self.maximumBuckets {
        var pair = try pairs.nestedUnkeyedContainer()
        let microseconds = try pair.decode(UInt64.self)
        buckets.append(LatencyHistogram.Bucket(microseconds: microseconds, count: try pair.decode(UInt64.self)))
      }
      models.append(
        Model(
          name: try model.decode(String.self, forKey: .name),
          version: try model.decode(Int.self, forKey: .version),
          requests: try model.decode(UInt64.self, forKey: .requests),
          errors: try model.decode(UInt64.self, forKey: .errors),
          inFlight: try model.decode(UInt64.self, forKey: .inFlight),
          latency: LatencyHistogram(buckets)
        )
      )
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(node, forKey: .node)
    try container.encode(time, forKey: .time)
    try container.encode(isServing, forKey: .serving)
    var list = container.nestedUnkeyedContainer(forKey: .models)
    for model in models {
      var container = list.nestedContainer(keyedBy: ModelKey.self)
      try container.encode(model.name, forKey: .name)
      try container.encode(model.version, forKey: .version)
      try container.encode(model.requests, forKey: .requests)
      try container.encode(model.errors, forKey: .errors)
      try container.encode(model.inFlight, forKey: .inFlight)
      var pairs = container.nestedUnkeyedContainer(forKey: .latency)
      for bucket in model.latency.buckets {
        var pair = pairs.nestedUnkeyedContainer()
        try pair.encode(bucket.microseconds)
        try pair.encode(bucket.count)
      }
    }
  }
}
