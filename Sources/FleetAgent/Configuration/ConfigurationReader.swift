import FleetCore

extension AgentConfiguration {
  /// Takes flags before the environment before the file. Throws every problem of all three at once.
  package init(
    flags: SettingValues,
    environment: SettingValues,
    file: SettingValues?
  ) throws(ConfigurationError) {
    var reader = ConfigurationReader(flags.over(environment).over(file ?? SettingValues()))
    let configuration = reader.configuration()
    guard let configuration, reader.problems.isEmpty else { throw ConfigurationError(problems: reader.problems) }
    self = configuration
  }
}

/// Turns texts into values and collects what is wrong with them.
private struct ConfigurationReader {
  private let source: SettingValues
  private(set) var problems: [String]

  init(_ source: SettingValues) {
    self.source = source
    problems = source.problems
  }

  /// Nil when a required setting is missing or wrong; `problems` tells all.
  mutating func configuration() -> AgentConfiguration? {
    let node = required(.node, "a node's name such as 'austin-01/a'") { NodeName($0) }
    let state = required(.state, "a folder") { $0.isEmpty ? nil : $0 }
    let control = required(.control, "HOST:PORT") { HostPort($0) }
    let http = required(.http, "HOST:PORT") { HostPort($0) }
    let grpc = endpoint(.grpc)
    let metrics = endpoint(.metrics)
    let authority = required(.authority, "a PEM file") { $0.isEmpty ? nil : $0 }
    let certificate = required(.certificate, "a PEM file") { $0.isEmpty ? nil : $0 }
    let key = required(.key, "a PEM file") { $0.isEmpty ? nil : $0 }
    let siblings = self.siblings(of: node)
    let slo = serviceLevel()
    let health = health()
    let autoDrain = autoDrain()
    let watts = declaredWatts()
    let models = models()
    let limits = limits()
    let modelControl = optional(.modelControl, "'explicit' or 'none'") { AgentConfiguration.ModelControl(rawValue: $0) }
    let kept = optional(.keepVersions, "a number of versions from 0 to 100") { text in
      Int(text).flatMap { (0...100).contains($0) ? $0 : nil }
    }
    let probation = optional(.probation, "a duration from '0s' to '24h'") { text in
      Quantity.duration(text).flatMap { $0 >= .zero && $0 <= .seconds(86_400) ? $0 : nil }
    }
    let device = optional(.device, "a device such as 'CPU'") { $0.isEmpty ? nil : $0 }
    let fault = injectedFault()
    let sysfs = optional(.sysfs, "a folder such as '/host/sys'") { $0.isEmpty ? nil : $0 }
    let level = optional(.logLevel, "one of \(AgentConfiguration.logLevels.joined(separator: ", "))") {
      AgentConfiguration.logLevels.contains($0) ? $0 : nil
    }
    guard let node, let state, let control, let http, let authority, let certificate, let key else { return nil }
    var configuration = AgentConfiguration(
      node: node,
      stateDirectory: state,
      control: control,
      http: http,
      authority: authority,
      certificate: certificate,
      key: key
    )
    if let grpc { configuration.grpc = grpc.place }
    if let metrics { configuration.metrics = metrics.place }
    configuration.models = models
    configuration.limits = limits
    if let modelControl { configuration.modelControl = modelControl }
    if let kept { configuration.keptVersions = kept }
    if let probation { configuration.probation = probation }
    configuration.siblings = siblings
    configuration.slo = slo
    configuration.health = health
    configuration.autoDrain = autoDrain
    configuration.watts = watts
    configuration.device = device
    configuration.injectedFault = fault
    if let sysfs { configuration.sysfs = sysfs }
    configuration.trustedKeys = source.values[.trustedKeys]?.texts ?? []
    configuration.librarySearchPath = source.values[.libraryPath]?.texts ?? []
    if let level { configuration.logLevel = level }
    return configuration
  }

  private mutating func optional<Value>(_ setting: Setting, _ expected: String, _ parse: (String) -> Value?) -> Value? {
    guard let value = source.values[setting], let text = value.texts.last else { return nil }
    if let parsed = parse(text) { return parsed }
    problems.append("\(value.origin): expected \(expected), found '\(text)'")
    return nil
  }

  private mutating func required<Value>(_ setting: Setting, _ expected: String, _ parse: (String) -> Value?) -> Value? {
    if source.values[setting] == nil {
      let file = setting.filePath.joined(separator: ".")
      problems.append(
        "\(setting.flag): missing; expected \(expected) (or \(setting.variable), or '\(file)' in the file)"
      )
      return nil
    }
    return optional(setting, expected, parse)
  }

  private struct Endpoint {
    /// Nil for none, on purpose.
    var place: HostPort?
  }

  /// Nil when nothing is said.
  private mutating func endpoint(_ setting: Setting) -> Endpoint? {
    optional(setting, "HOST:PORT or 'none'") { text in
      text == "none" ? Endpoint(place: nil) : HostPort(text).map { Endpoint(place: $0) }
    }
  }

  private mutating func models() -> [String: ModelOptions] {
    guard let value = source.values[.models] else { return [:] }
    var found: [String: ModelOptions] = [:]
    for text in value.texts {
      do throws(CommandError) {
        let setting = try ModelSetting(parsing: text)
        if found.updateValue(setting.options, forKey: setting.name) != nil {
          problems.append("\(value.origin): '\(setting.name)' is listed twice")
        }
      } catch {
        blame(value.origin, error)
      }
    }
    return found
  }

  private mutating func limits() -> ServingLimits {
    guard let value = source.values[.limits], let text = value.texts.last else { return ServingLimits() }
    do throws(CommandError) {
      return try ServingLimits(parsing: text)
    } catch {
      blame(value.origin, error)
      return ServingLimits()
    }
  }

  private mutating func health() -> HealthLimits {
    guard let value = source.values[.health], let text = value.texts.last else { return HealthLimits() }
    do throws(CommandError) {
      return try HealthLimits(parsing: text)
    } catch {
      blame(value.origin, error)
      return HealthLimits()
    }
  }

  private mutating func autoDrain() -> AutoDrainRule {
    guard let value = source.values[.autoDrain], let text = value.texts.last else { return AutoDrainRule() }
    do throws(CommandError) {
      return try AutoDrainRule(parsing: text)
    } catch {
      blame(value.origin, error)
      return AutoDrainRule()
    }
  }

  /// Parsers name the flag; what is to blame may be a file.
  private mutating func blame(_ origin: String, _ error: CommandError) {
    problems += error.message.split(separator: "\n").map { (line: Substring) -> String in
      guard line.hasPrefix("--"), let colon = line.firstIndex(of: ":") else { return String(line) }
      return "\(origin)\(line[colon...])"
    }
  }

  private mutating func siblings(of node: NodeName?) -> [AgentConfiguration.Sibling] {
    guard let value = source.values[.siblings] else { return [] }
    var found: [AgentConfiguration.Sibling] = []
    for text in value.texts {
      guard let sibling = AgentConfiguration.Sibling(text) else {
        problems.append(
          "\(value.origin): expected NODE=HOST:PORT, with control=HOST:PORT of its agent, such as "
            + "'austin-01/b=10.0.0.2:8000 control=10.0.0.2:7443', found '\(text)'"
        )
        continue
      }
      let name = sibling.name
      if let node, name == node {
        problems.append("\(value.origin): '\(name)' is this node itself")
      } else if let node, name.store != node.store {
        problems.append("\(value.origin): '\(name)' is not in the store '\(node.store)'")
      } else if found.contains(where: { $0.name == name }) {
        problems.append("\(value.origin): '\(name)' is listed twice")
      } else {
        found.append(sibling)
      }
    }
    return found
  }

  private mutating func serviceLevel() -> ServiceLevel {
    var slo = ServiceLevel()
    if let p99 = optional(.sloP99, "a duration such as '50ms'", Quantity.duration) { slo.p99 = p99 }
    if let errors = optional(.sloErrors, "a percentage such as '1%'", Quantity.fraction) { slo.errors = errors }
    if let celsius = optional(.sloTemperature, "a temperature such as '85C'", Quantity.celsius) {
      slo.celsius = celsius
    }
    return slo
  }

  private mutating func declaredWatts() -> AgentConfiguration.DeclaredWatts? {
    let idle = optional(.wattsIdle, "watts such as '4W'", Quantity.watts)
    let full = optional(.wattsFull, "watts such as '15W'", Quantity.watts)
    let given = (source.values[.wattsIdle], source.values[.wattsFull])
    switch (idle, full) {
    case (let idle?, let full?) where idle <= full: return AgentConfiguration.DeclaredWatts(idle: idle, full: full)
    case (let idle?, let full?):
      problems.append("\(given.0?.origin ?? ""): idle watts (\(idle)) are more than those at full load (\(full))")
    case _ where (given.0 == nil) != (given.1 == nil):
      let alone = given.0?.origin ?? given.1?.origin ?? ""
      problems.append("\(alone): declare the watts both when idle and at full load, or neither")
    default: break
    }
    return nil
  }

  private mutating func injectedFault() -> FaultInjection? {
    guard let value = source.values[.inject], let text = value.texts.last else { return nil }
    do throws(CommandError) {
      return try FaultInjection(parsing: text)
    } catch {
      blame(value.origin, error)
      return nil
    }
  }
}

extension AgentConfiguration.Sibling {
  /// Reads `NODE=HOST:PORT control=HOST:PORT`, the latter not required; nil when it is not that.
  fileprivate init?(_ text: String) {
    let words = text.split(separator: " ")
    guard let first = words.first, words.count <= 2 else { return nil }
    let parts = first.split(separator: "=", maxSplits: 1)
    guard parts.count == 2, let name = NodeName(parts[0]), let http = HostPort(parts[1]) else { return nil }
    self.init(name: name, http: http)
    guard words.count == 2 else { return }
    guard words[1].hasPrefix("control="), let control = HostPort(words[1].dropFirst("control=".count)) else {
      return nil
    }
    self.control = control
  }
}
