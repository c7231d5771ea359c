import FleetCore
import NIOCore
import NIOHTTP1

extension RESTRoute {
  /// In the order in which they are tried: the call that nearly all make comes first, names that stand for themselves come
  /// before those that stand for any.
  static let all = infer + server + models + repository + sharedMemory + outOfScope

  static let infer = ofModel(.POST, "/infer") { frontEnd, call in frontEnd.infer(call) }

  private static let server = [
    RESTRoute(.GET, "") { frontEnd, _ in .now(frontEnd.serverMetadata) },
    RESTRoute(.GET, "health/live") { _, _ in .now(RESTResponses.flag("live", true)) },
    RESTRoute(.GET, "health/ready") { frontEnd, _ in .now(frontEnd.ready) },
    RESTRoute(.GET, LoadReport.path) { frontEnd, _ in .now(frontEnd.loadReport) },
  ]

  private static let models =
    [RESTRoute(.GET, "models/stats") { (frontEnd, call) throws(ServingError) in .now(try frontEnd.statistics(call)) }]
    + ofModel(.GET, "") { (frontEnd, call) throws(ServingError) in .now(try frontEnd.modelMetadata(call)) }
    + ofModel(.GET, "/ready") { (frontEnd, call) throws(ServingError) in .now(try frontEnd.modelReady(call)) }
    + ofModel(.GET, "/config") { (frontEnd, call) throws(ServingError) in .now(try frontEnd.configuration(call)) }
    + ofModel(.GET, "/stats") { (frontEnd, call) throws(ServingError) in .now(try frontEnd.statistics(call)) }

  private static let repository = [
    RESTRoute(.POST, "repository/index") { (frontEnd, call) throws(ServingError) in
      .now(try frontEnd.repositoryIndex(call))
    },
    RESTRoute(.POST, "repository/models/MODEL/load") { (frontEnd, call) throws(ServingError) in
      .later(try frontEnd.load(call))
    },
    RESTRoute(.POST, "repository/models/MODEL/unload") { (frontEnd, call) throws(ServingError) in
      .later(try frontEnd.unload(call))
    },
  ]

  private static let sharedMemory =
    ofRegion(.GET, "/status") { (frontEnd, call) throws(ServingError) in .now(try frontEnd.sharedMemoryStatus(call)) }
    + ofRegion(.POST, "/unregister") { frontEnd, call in .now(frontEnd.unregisterSharedMemory(call)) }
    + [
      RESTRoute(.POST, "systemsharedmemory/region/REGION/register") { (frontEnd, call) throws(ServingError) in
        .now(try frontEnd.registerSharedMemory(call))
      }
    ]

  /// What Triton's clients may ask for and this server does not do: told apart from a path that nobody knows.
  private static let outOfScope =
    [
      refusal("cudasharedmemory/*", "CUDA shared memory is out of scope here: use system shared memory"),
      refusal("trace/*", "tracing is out of scope here"),
      refusal("logging/*", "changing what is logged is out of scope here"),
    ]
    + ["/trace/setting": "tracing", "/generate": "generating text", "/generate_stream": "generating text"]
    .flatMap { suffix, what in
      ofModel(nil, suffix) { (_, _) throws(ServingError) in
        throw ServingError(.unsupported, "\(what) is out of scope here")
      }
    }

  private static func refusal(_ pattern: String, _ message: String) -> RESTRoute {
    RESTRoute(nil, pattern) { (_, _) throws(ServingError) in throw ServingError(.unsupported, message) }
  }

  /// The call as it is for the version that answers by default, and as it names one.
  private static func ofModel(_ method: HTTPMethod?, _ suffix: String, _ respond: @escaping Handler) -> [RESTRoute] {
    ["models/MODEL", "models/MODEL/versions/VERSION"].map { RESTRoute(method, $0 + suffix, respond) }
  }

  /// The call as it is for all regions, and for one.
  private static func ofRegion(_ method: HTTPMethod, _ suffix: String, _ respond: @escaping Handler) -> [RESTRoute] {
    ["systemsharedmemory", "systemsharedmemory/region/REGION"].map { RESTRoute(method, $0 + suffix, respond) }
  }
}
