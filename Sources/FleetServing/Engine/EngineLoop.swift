import FleetCore
import Glibc
import NIOCore
import NIOPosix

/// The engine alone, with no server before it: what a server's figures are held against.
package struct EngineLoop: Sendable {
  /// What a loop showed.
  package struct Figures: Sendable, Encodable {
    package var callers: Int
    package var seconds: Double
    package var inferences: Int
    package var inferencesPerS: Double
    package var p50Us: Double
    package var p99Us: Double
    /// Of the whole process, the runtime's own threads too.
    package var cpuUsPerInference: Double

    private enum CodingKeys: String, CodingKey {
      case callers, seconds, inferences, inferencesPerS = "inferences_per_s", p50Us = "p50_us", p99Us = "p99_us"
      case cpuUsPerInference = "cpu_us_per_inference"
    }
  }

  private let model: any LoadedModel
  private let inputs: [Tensor]

  private static let mostInputBytes = 256 << 20

  /// Fills the model's inputs with random values, free dimensions of length 1. Throws `EngineError`.
  package init(_ model: any LoadedModel) throws {
    self.model = model
    inputs = try model.inputs.map { input in
      let shape = input.shape.map { $0 < 0 ? 1 : $0 }
      guard let size = input.datatype.size, let count = Tensor.elementCount(shape),
        count <= Self.mostInputBytes / size
      else {
        throw EngineError("input '\(input.name)' (\(input.datatype.rawValue) \(input.shape)) cannot be filled")
      }
      var bytes = ByteBufferAllocator().buffer(capacity: count * size)
      for _ in 0..<count {
        // Other datatypes than this get small numbers: any bits are a value to them, but not a usual one.
        if input.datatype == .fp32 {
          bytes.writeInteger(Float.random(in: 0...1).bitPattern, endianness: .little)
        } else {
          bytes.writeInteger(UInt8.random(in: 0...1))
          bytes.writeRepeatingByte(0, count: size - 1)
        }
      }
      return Tensor(name: input.name, datatype: input.datatype, shape: shape, bytes: bytes)
    }
  }

  /// Calls the model from `callers` threads, each one call after the other, for `duration`. Blocks.
  package func run(callers: Int, duration: Duration) throws -> Figures {
    let pool = NIOThreadPool(numberOfThreads: callers)
    pool.start()
    defer { try? pool.syncShutdownGracefully() }
    _ = try calls(pool, callers: callers, duration: min(duration / 5, .milliseconds(500)))
    let (start, cpu) = (NIODeadline.now(), Self.cpuSeconds)
    let sorted = try calls(pool, callers: callers, duration: duration).sorted()
    let seconds = Double((NIODeadline.now() - start).nanoseconds) / 1e9
    func microseconds(atPercentile percentile: Int) -> Double {
      sorted.isEmpty ? 0 : Double(sorted[min(sorted.count - 1, sorted.count * percentile / 100)]) / 1000
    }
    return Figures(
      callers: callers,
      seconds: seconds,
      inferences: sorted.count,
      inferencesPerS: Double(sorted.count) / seconds,
      p50Us: microseconds(atPercentile: 50),
      p99Us: microseconds(atPercentile: 99),
      cpuUsPerInference: sorted.isEmpty ? 0 : (Self.cpuSeconds - cpu) / Double(sorted.count) * 1e6
    )
  }

  /// How long each call took, in nanoseconds.
  private func calls(_ pool: NIOThreadPool, callers: Int, duration: Duration) throws -> [Int64] {
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    let end = NIODeadline.now() + .nanoseconds(duration.microseconds * 1000)
    let wanted = Array(model.outputs.indices)
    let each = (0..<callers).map { _ in
      pool.runIfActive(eventLoop: loop) {
        var times: [Int64] = []
        var start = NIODeadline.now()
        while start < end {
          _ = try model.infer(inputs, wanted: wanted)
          let now = NIODeadline.now()
          times.append((now - start).nanoseconds)
          start = now
        }
        return times
      }
    }
    return try EventLoopFuture.whenAllSucceed(each, on: loop).wait().flatMap { $0 }
  }

  private static var cpuSeconds: Double {
    var usage = rusage()
    guard unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
    return seconds(usage.ru_utime) + seconds(usage.ru_stime)
  }
}
