/// `fleet status --json`, schema 1, as a reader of our documentation would declare it.
struct StatusDocument: Decodable {
  struct Reading: Decodable {
    var value: Double?
    var source: String?
    var absent: String?
  }
  struct Engine: Decodable {
    var pid: Int32?
    var state: String
    var restarts: Int
    var runtime: String?
    var device: String?
  }
  struct Accelerator: Decodable {
    var kind: String
    var name: String
    var utilization: Reading
    var watts: Reading
    var joules: Reading
    var celsius: Reading
    var memory_used_bytes: Reading
    var memory_total_bytes: Reading
  }
  struct Model: Decodable {
    var name: String
    var version: Int
    var digest: String
    var requests: Int
    var errors: Int
    var in_flight: Int
    var handed_off: Int
    var requests_per_s: Double?
    var p50_ms: Double?
    var p99_ms: Double?
    var joules_per_inference: Reading
  }
  struct Stored: Decodable {
    var name: String
    var version: Int
    var role: String
    var is_provisional: Bool
  }
  struct Flight: Decodable {
    var id: String
    var model: String
    var client: String
    var age_s: Double
  }
  struct Client: Decodable {
    var address: String
    var requests_per_s: Double
  }
  struct Target: Decodable {
    var name: String
    var is_serving: Bool
    var in_flight: Int?
    var requests_per_s: Double?
  }
  struct Drain: Decodable {
    var reason: String
    var deadline: String
    var handed_off: Int
    var cut_at_deadline: Int
    var oldest: Flight?
    var clients: [Client]
    var targets: [Target]
  }
  struct AutoDrain: Decodable {
    var mode: String
    var stage: String
    var text: String
    var since: String?
    var asking_since: String?
  }
  struct Node: Decodable {
    var name: String
    var store: String
    var labels: [String: String]
    var health: String
    var reasons: [String]
    var availability: String?
    var drain: Drain?
    var auto_drain: AutoDrain?
    var age_s: Double?
    var simulated: Bool?
    var injected_fault: String?
    var engine: Engine?
    var accelerators: [Accelerator]
    var models: [Model]
    var repository: [Stored]
  }

  var schema: Int
  var time: String
  var fleet: String
  var nodes: [Node]
}
