import ArgumentParser
import FleetAgent
import FoundationEssentials

/// The flags of `fleetd run`. They are kept as text: flags, environment and file are checked together, and all problems told at once.
struct RunOptions: ParsableArguments {
  @Option(help: "A JSON file with settings. [FLEET_CONFIG]")
  var config: String?

  @Option(help: setting(.node, "This node's name, STORE/NODE."))
  var node: String?

  @Option(help: setting(.state, "The folder for the model repository and all else that must last."))
  var state: String?

  @Option(help: setting(.control, "HOST:PORT where consoles are answered, over mutual TLS."))
  var control: String?

  @Option(help: setting(.http, "HOST:PORT where clients of the Open Inference Protocol are answered."))
  var http: String?

  @Option(
    help: setting(
      .grpc,
      "HOST:PORT where its gRPC clients are answered, or none (default: the port after that of http; 8001 for 8000)."
    )
  )
  var grpc: String?

  @Option(
    help: setting(
      .metrics,
      "HOST:PORT where Prometheus is answered, without encryption, or none (default: the second port after that of http; 8002 for 8000)."
    )
  )
  var metrics: String?

  @Option(help: setting(.authority, "The fleet's authority, a PEM file."))
  var authority: String?

  @Option(help: setting(.certificate, "This node's certificate, a PEM file."))
  var certificate: String?

  @Option(help: setting(.key, "The certificate's private key, a PEM file."))
  var key: String?

  @Option(
    help: setting(
      .trustedKeys,
      "A public key of those who sign versions, a file of 'fleet key create'; with one, unsigned versions are refused; may be repeated."
    )
  )
  var trustedKey: [String] = []

  @Option(
    help: setting(
      .siblings,
      "A node of the same store that takes over requests, 'NODE=HOST:PORT control=HOST:PORT' of its http and its control; may be repeated."
    )
  )
  var sibling: [String] = []

  @Option(help: setting(.sloP99, "The p99 latency that is promised (default: 100ms)."))
  var sloP99: String?

  @Option(help: setting(.sloErrors, "The share of requests that may fail (default: 1%)."))
  var sloErrors: String?

  @Option(help: setting(.sloTemperature, "The highest temperature of the accelerator (default: 85C)."))
  var sloTemperature: String?

  @Option(
    help: setting(
      .health,
      "How strict the health rules are, such as 'latency_of_siblings=4x disk=2GB energy=off'; the defaults need no setting."
    )
  )
  var health: String?

  @Option(
    help: setting(
      .autoDrain,
      "When a faulty node drains itself: off, shadow (only says so) or on, such as 'on after=60s rest=60s probation=5m per_hour=5%' (default: off)."
    )
  )
  var autoDrain: String?

  @Option(help: setting(.wattsIdle, "What the box draws when idle, to estimate power where nothing measures it."))
  var wattsIdle: String?

  @Option(help: setting(.wattsFull, "What the box draws at full load."))
  var wattsFull: String?

  @Option(
    help: setting(
      .models,
      "How a model is served, such as 'tag-reader queue=64 wait=500ms batch=8 delay=2ms hint=throughput versions=all limit=30s'; may be repeated."
    )
  )
  var model: [String] = []

  @Option(
    help: setting(
      .limits,
      "What clients may ask, such as 'body=64MB decompressed=64MB total=512MB head=32KB connections=4096 stall=30s idle=75s'."
    )
  )
  var limits: String?

  @Option(
    help: setting(
      .modelControl,
      "explicit: clients may load and unload the versions of this box's repository; none: they may not (default: explicit)."
    )
  )
  var modelControl: String?

  @Option(
    help: setting(
      .keepVersions,
      "How many versions of a model are kept besides the active one and the one to go back to (default: 3)."
    )
  )
  var keepVersions: String?

  @Option(
    help: setting(
      .probation,
      "How long a version must have served without a crash before it is one to go back to (default: 60s)."
    )
  )
  var probation: String?

  @Option(
    help: setting(.device, "The runtime's name of the accelerator to use, such as CPU (default: the best there is).")
  )
  var device: String?

  @Option(
    help: setting(.inject, "Make this node faulty on purpose, such as 'latency=120ms errors=5% after=45s for=30s'.")
  )
  var inject: String?

  @Option(help: setting(.sysfs, "Where the kernel shows its sensors, such as /host/sys (default: /sys)."))
  var sysfs: String?

  @Option(
    help: setting(
      .libraryPath,
      "A folder to look for the inference runtime in, before the usual ones; may be repeated."
    )
  )
  var libraryPath: [String] = []

  @Option(help: setting(.logLevel, "trace, debug, info, notice, warning, error or critical (default: info)."))
  var logLevel: String?

  @Flag(help: "End when the standard input ends: for a parent that must not leave agents behind.")
  var exitWithStdin = false

  var configuration: AgentConfiguration {
    get throws {
      let environment = ProcessInfo.processInfo.environment
      return try AgentConfiguration(
        flags: SettingValues(flags: flags),
        environment: SettingValues(environment: environment),
        file: (config ?? environment["FLEET_CONFIG"]).map { SettingValues(file: $0) }
      )
    }
  }

  private var flags: [Setting: [String]] {
    let single: [(Setting, String?)] = [
      (.node, node), (.state, state), (.control, control), (.http, http), (.grpc, grpc), (.metrics, metrics),
      (.limits, limits), (.modelControl, modelControl), (.keepVersions, keepVersions), (.probation, probation),
      (.authority, authority),
      (.certificate, certificate), (.key, key), (.sloP99, sloP99), (.sloErrors, sloErrors),
      (.sloTemperature, sloTemperature), (.health, health), (.autoDrain, autoDrain), (.wattsIdle, wattsIdle),
      (.wattsFull, wattsFull), (.device, device), (.inject, inject), (.sysfs, sysfs), (.logLevel, logLevel),
    ]
    var flags = Dictionary(uniqueKeysWithValues: single.map { ($0, $1.map { [$0] } ?? []) })
    flags[.trustedKeys] = trustedKey
    flags[.siblings] = sibling
    flags[.models] = model
    flags[.libraryPath] = libraryPath
    return flags
  }
}

private func setting(_ setting: Setting, _ text: String) -> ArgumentHelp {
  ArgumentHelp(stringLiteral: "\(text) \(setting.otherNames)")
}
