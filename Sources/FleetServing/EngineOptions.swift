package import FleetCore

/// How an agent starts its engine.
package struct EngineOptions: Sendable {
  package var nodeName: NodeName
  /// A connected stream socket to the agent, spoken over as `EngineFraming` says; taken over and closed by the engine.
  package var controlDescriptor: Int32
  /// A listening socket for the Open Inference Protocol's REST calls; taken over and closed by the engine.
  package var httpDescriptor: Int32
  /// The same for its gRPC calls; nil for none.
  package var grpcDescriptor: Int32?
  /// Memory shared with the agent to note in what is being done, `FlightRecord.bytes` long; nil for none.
  package var flightDescriptor: Int32?
  /// How requests are handed to siblings, and taken from them.
  package var siblingSecurity: SiblingSecurity
  package var limits: ServingLimits
  /// Whether clients may load and unload models.
  package var allowsModelControl: Bool
  /// Leave connections waiting in the socket's queue until the agent says `serve` or `handOff`: after a restart a client then
  /// waits a moment for its model instead of being told that there is none.
  package var waitsToServe: Bool
  /// The runtime's name of the accelerator to use, such as `CPU` or `GPU.0`; nil for the best there is.
  package var device: String?
  /// Folders to look for the runtime's library in, before the usual ones.
  package var librarySearchPath: [String]
  package var injectedFault: FaultInjection?
  /// When the agent started, as Unix time in seconds: the fault's `after` counts from then, also in an engine started later.
  package var injectedFaultEpoch: Double
  /// Where compiled models may be kept between starts; nil to compile at every start.
  package var cacheDirectory: String?

  package init(
    nodeName: NodeName,
    controlDescriptor: Int32,
    httpDescriptor: Int32,
    grpcDescriptor: Int32? = nil,
    flightDescriptor: Int32? = nil,
    siblingSecurity: SiblingSecurity = .plain,
    limits: ServingLimits = ServingLimits(),
    allowsModelControl: Bool = true,
    waitsToServe: Bool = false,
    device: String? = nil,
    librarySearchPath: [String] = [],
    injectedFault: FaultInjection? = nil,
    injectedFaultEpoch: Double = 0,
    cacheDirectory: String? = nil
  ) {
    self.nodeName = nodeName
    self.controlDescriptor = controlDescriptor
    self.httpDescriptor = httpDescriptor
    self.grpcDescriptor = grpcDescriptor
    self.flightDescriptor = flightDescriptor
    self.siblingSecurity = siblingSecurity
    self.limits = limits
    self.allowsModelControl = allowsModelControl
    self.waitsToServe = waitsToServe
    self.device = device
    self.librarySearchPath = librarySearchPath
    self.injectedFault = injectedFault
    self.injectedFaultEpoch = injectedFaultEpoch
    self.cacheDirectory = cacheDirectory
  }
}
