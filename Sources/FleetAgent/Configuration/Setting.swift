/// One thing that an agent can be told, with its names as a flag, in the environment and in the file.
package enum Setting: String, Sendable, CaseIterable {
  case node
  case state
  case control
  case http
  case grpc
  case metrics
  case authority
  case certificate
  case key
  case trustedKeys = "trusted-key"
  case siblings = "sibling"
  case sloP99 = "slo-p99"
  case sloErrors = "slo-errors"
  case sloTemperature = "slo-temperature"
  case health
  case autoDrain = "auto-drain"
  case wattsIdle = "watts-idle"
  case wattsFull = "watts-full"
  case models = "model"
  case limits
  case modelControl = "model-control"
  case keepVersions = "keep-versions"
  case probation
  case device
  case inject
  case sysfs
  case libraryPath = "library-path"
  case logLevel = "log-level"

  /// `--slo-p99`
  package var flag: String { "--\(rawValue)" }

  /// `FLEET_SLO_P99`; lists are `FLEET_SIBLINGS`, with commas, `FLEET_MODELS`, with semicolons, `FLEET_TRUSTED_KEYS` and
  /// `FLEET_LIBRARY_PATH`, with colons.
  package var variable: String {
    switch self {
    case .trustedKeys: "FLEET_TRUSTED_KEYS"
    case .siblings: "FLEET_SIBLINGS"
    case .models: "FLEET_MODELS"
    default: "FLEET_" + rawValue.uppercased().map { $0 == "-" ? "_" : String($0) }.joined()
    }
  }

  /// Where it lies in the JSON file: `["slo", "p99"]`.
  package var filePath: [String] {
    switch self {
    case .trustedKeys: ["trusted_keys"]
    case .siblings: ["siblings"]
    case .models: ["models"]
    case .modelControl: ["model_control"]
    case .autoDrain: ["auto_drain"]
    case .keepVersions: ["keep_versions"]
    case .sloP99: ["slo", "p99"]
    case .sloErrors: ["slo", "errors"]
    case .sloTemperature: ["slo", "temperature"]
    case .wattsIdle: ["watts", "idle"]
    case .wattsFull: ["watts", "full"]
    case .libraryPath: ["library_path"]
    case .logLevel: ["log_level"]
    default: [rawValue]
    }
  }

  /// For `--help`: both other ways to say it.
  package var otherNames: String { "[\(variable); \(filePath.joined(separator: "."))]" }

  /// What separates the parts of a list in the environment; nil for single values.
  var listSeparator: Character? {
    switch self {
    case .siblings: ","
    case .models: ";"
    case .libraryPath, .trustedKeys: ":"
    default: nil
    }
  }
}
