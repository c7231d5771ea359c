import FleetFuzz
import Glibc

/// What libFuzzer calls with each input (llvm.org/docs/LibFuzzer.html). FUZZ_TARGET names the target; one binary serves them all.
@_cdecl("LLVMFuzzerTestOneInput")
func testOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  do {
    try target.run(unsafe Array(UnsafeBufferPointer(start: data, count: count)))
  } catch {
    fatalError("\(error)")
  }
  return 0
}

private let target: FuzzTarget = {
  let name = unsafe getenv("FUZZ_TARGET").map { unsafe String(cString: $0) } ?? ""
  guard let target = FuzzTarget(rawValue: name) else { fatalError("FUZZ_TARGET: no target '\(name)'") }
  return target
}()
