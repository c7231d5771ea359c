import ArgumentParser
import FleetCore
import Foundation
import NIOCore
import NIOPosix

struct BenchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure a node's serving: latency, throughput, errors, CPU and joules per request, with random inputs.",
    discussion: """
      Each connection sends its next request when it has the answer to the last; with --rate, requests are sent at that rate \
      whatever becomes of them, and latency counts from when each was due. 'server us' is the engine's CPU time per request, \
      known where the engine is a process of this machine; 'J/inf' is what the node's accelerators used meanwhile, ~ marks an \
      estimate. Exit status 1 when nothing was answered.
      """
  )

  @OptionGroup var options: FleetOptions

  @Argument(
    help: ArgumentHelp("A node of the fleet, or the HOST:PORT of any server of the protocol.", valueName: "node")
  )
  var node: String

  @Option(help: ArgumentHelp("Which model; its version follows an '@', if it matters.", valueName: "model"))
  var model: String

  @Option(
    help: ArgumentHelp("How many requests to keep in flight; one measurement for each number.", valueName: "list")
  )
  var concurrency: String = "1"

  @Option(help: ArgumentHelp("How long each measurement takes.", valueName: "time"))
  var duration: String = "5s"

  @Option(help: ArgumentHelp("Requests per second; --concurrency then bounds those in flight.", valueName: "number"))
  var rate: Double?

  @Option(help: ArgumentHelp("A request without an answer for this long is lost.", valueName: "time"))
  var timeout: String = "10s"

  @Flag(help: "Speak gRPC, all requests over one connection. With a HOST:PORT, that is the port of gRPC.")
  var grpc = false

  @Option(help: ArgumentHelp("The server's process on this machine, where it is not known.", valueName: "number"))
  var pid: Int32?

  @Flag(help: "Print one JSON document, schema 1.")
  var json = false

  func run() async throws {
    let settings = try BenchSettings(self)
    let report: BenchReport
    if let (host, port) = Address.split(node) {
      let target = BenchTarget(host: host, port: port, form: grpc ? .grpc : .rest)
      report = try await settings.measure(target, node: nil)
    } else {
      let fleet = try options.definition()
      let nodes = try Selection(node, in: fleet).nodes
      guard nodes.count == 1 else {
        throw UsageError("'\(node)' is \(nodes.count) nodes; measure one at a time, such as '\(nodes[0].name)'")
      }
      report = try await Connections.with(nodes, options: options, fleet: fleet) { agents in
        try await BenchNode.with(agents[0]) { node in
          try await settings.measure(try settings.target(of: node.description), node: node)
        }
      }
    }
    print(json ? try report.encoded() : report.table())
    if report.results.allSatisfy({ $0.requests == 0 }) { throw ExitStatus.failed }
  }
}

/// The options of `fleet bench`, checked.
struct BenchSettings {
  let model: BenchModelName
  let concurrencies: [Int]
  let duration: Duration
  let timeout: Duration
  let rate: Double?
  let form: BenchTarget.Form
  let pid: Int32?

  private static let mostConcurrency = 4096

  init(_ command: BenchCommand) throws {
    guard let model = BenchModelName(command.model) else {
      throw UsageError("--model: expected a name such as 'mlp' or 'mlp@2', found '\(command.model)'")
    }
    self.model = model
    let parts = command.concurrency.split(separator: ",", omittingEmptySubsequences: false)
    concurrencies = parts.compactMap { Int($0.trimmingCharacters(in: .whitespaces)) }
    guard concurrencies.count == parts.count, concurrencies.allSatisfy({ (1...Self.mostConcurrency).contains($0) })
    else {
      throw UsageError(
        "--concurrency: expected numbers from 1 to \(Self.mostConcurrency) such as '1,8', found '\(command.concurrency)'"
      )
    }
    duration = try Self.time("--duration", command.duration, within: .milliseconds(100)...(.seconds(86_400)))
    timeout = try Self.time("--timeout", command.timeout, within: .milliseconds(10)...(.seconds(600)))
    if let rate = command.rate, !(0.1...1e6).contains(rate) {
      throw UsageError("--rate: expected 0.1 to 1000000 requests per second, found '\(rate)'")
    }
    rate = command.rate
    form = command.grpc ? .grpc : .rest
    pid = command.pid
    if let pid, BenchProcess.cpuSeconds(of: pid) == nil { throw UsageError("--pid: there is no process \(pid)") }
  }

  private static func time(_ name: String, _ text: String, within bounds: ClosedRange<Duration>) throws -> Duration {
    guard let duration = Quantity.duration(text), bounds.contains(duration) else {
      throw UsageError(
        "\(name): expected \(Quantity.text(bounds.lowerBound)) to \(Quantity.text(bounds.upperBound)) such as '5s', found '\(text)'"
      )
    }
    return duration
  }

  /// Where a node answers.
  func target(of node: NodeDescription) throws -> BenchTarget {
    guard let address = form == .grpc ? node.grpcAddress : node.httpAddress else {
      throw BenchError("\(node.name) does not answer gRPC")
    }
    guard let (host, port) = Address.split(address) else {
      throw BenchError("\(node.name) gives '\(address)' as its address for clients")
    }
    return BenchTarget(host: host, port: port, form: form)
  }

  func measure(_ target: BenchTarget, node: BenchNode?) async throws -> BenchReport {
    let metadata: [UInt8]
    do {
      metadata = try await target.ask(target.metadataCall(of: model))
    } catch {
      throw BenchError("no metadata of model '\(model.name)': \(error)")
    }
    let inputs =
      form == .grpc ? try GRPCMessages.inputs(inMetadata: metadata) : try BenchMetadata.inputs(inJSON: metadata)
    guard !inputs.isEmpty else { throw BenchError("the metadata of '\(model.name)' names no input") }
    var random = BenchRandom()
    let tensors = try inputs.map { try BenchTensor(filling: $0, using: &random) }
    let call = target.inferCall(of: model, tensors)
    let pid = pid ?? node?.pid
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    var results: [BenchResult] = []
    for concurrency in concurrencies {
      let run = BenchRun(
        target: target,
        call: call,
        load: BenchDriver.Load(
          connections: form == .grpc ? 1 : concurrency,
          callsPerConnection: form == .grpc ? concurrency : 1,
          rate: rate,
          patience: .nanoseconds(timeout.microseconds * 1000)
        ),
        duration: duration,
        pid: pid,
        energy: { node?.energy }
      )
      results.append(BenchResult(concurrency: concurrency, rate: rate, try await run.measure(on: loop)))
    }
    return BenchReport(
      address: target.authority,
      form: form.rawValue,
      node: node.map { "\($0.description.name)" },
      model: model.version.map { "\(model.name)@\($0)" } ?? model.name,
      pid: pid,
      results: results
    )
  }
}
