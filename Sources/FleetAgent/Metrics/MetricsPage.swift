/// One page of metrics in the text form of Prometheus 0.0.4, or that of OpenMetrics 1.0.0
/// (https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md).
package struct MetricsPage: Sendable {
  package enum Format: Sendable {
    case prometheus
    case openMetrics

    /// The best that a scraper with this `Accept` field takes.
    package init(accept: String) {
      let wanted = accept.split(separator: ",").contains { part in
        let words = part.split(separator: ";").map { $0.filter { $0 != " " }.lowercased() }
        return words.first == "application/openmetrics-text" && !words.contains { $0 == "q=0" || $0 == "q=0.0" }
      }
      self = wanted ? .openMetrics : .prometheus
    }

    package var contentType: String {
      switch self {
      case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
      case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
      }
    }
  }

  enum Kind {
    case gauge
    /// `name` without `_total`, which samples get.
    case counter
    /// A counter whose name others have given, without `_total`.
    case namedCounter
    case histogram
    /// Ones and zeros, one for each state that there is.
    case states
    /// Facts as labels, with the value 1.
    case info

    func word(_ format: Format) -> String {
      switch (self, format) {
      case (.gauge, _): "gauge"
      case (.counter, _): "counter"
      case (.namedCounter, .prometheus): "counter"
      // Its samples would have to end in `_total`.
      case (.namedCounter, .openMetrics): "unknown"
      case (.histogram, _): "histogram"
      case (.states, .prometheus), (.info, .prometheus): "gauge"
      case (.states, .openMetrics): "stateset"
      case (.info, .openMetrics): "info"
      }
    }
  }

  struct Sample {
    var suffix = ""
    var labels: [(name: String, value: String)]
    var value: Double

    init(_ value: Double, _ labels: [(name: String, value: String)] = [], suffix: String = "") {
      self.value = value
      self.labels = labels
      self.suffix = suffix
    }
  }

  package let format: Format
  private(set) var text = ""

  init(_ format: Format) {
    self.format = format
  }

  /// Writes one family, unless there is nothing to say: what is unknown is absent, never 0.
  mutating func add(_ name: String, _ kind: Kind, _ help: String, _ samples: [Sample]) {
    guard !samples.isEmpty else { return }
    let isPrometheus = format == .prometheus
    let ending =
      switch kind {
      case .counter: "_total"
      case .info: "_info"
      default: ""
      }
    let family = isPrometheus ? name + ending : name
    text += "# HELP \(family) \(Self.escaped(help))\n# TYPE \(family) \(kind.word(format))\n"
    for sample in samples {
      text += name + ending + sample.suffix
      if !sample.labels.isEmpty {
        let labels = sample.labels.map { "\($0.name)=\"\(Self.escaped($0.value))\"" }
        text += "{\(labels.joined(separator: ","))}"
      }
      text += " \(Self.number(sample.value))\n"
    }
  }

  /// The whole page.
  var finished: String { format == .openMetrics ? text + "# EOF\n" : text }

  static func number(_ value: Double) -> String {
    if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
    return value == value.rounded() && value.magnitude < 9e15 ? String(Int64(value)) : "\(value)"
  }

  private static func escaped(_ text: String) -> String {
    var result = ""
    for character in text {
      switch character {
      case "\\": result += "\\\\"
      case "\"": result += "\\\""
      case "\n", "\r\n": result += "\\n"
      default: result.append(character)
      }
    }
    return result
  }
}
