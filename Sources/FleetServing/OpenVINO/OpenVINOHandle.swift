/// Owns one object of the C API, and frees it when it is let go.
///
/// Sendable because the objects are used as their makers allow: core and compiled model from any thread, an infer request and its
/// tensors by whoever has the request to himself.
@safe final class OpenVINOHandle: @unchecked Sendable {
  let pointer: OpaquePointer
  private let free: @convention(c) (OpaquePointer?) -> Void

  /// Takes the object that `make` writes to its argument.
  init(
    _ symbols: OpenVINOSymbols,
    freedBy free: @escaping @convention(c) (OpaquePointer?) -> Void,
    make: (UnsafeMutablePointer<OpaquePointer?>) -> OpenVINOSymbols.Status
  ) throws {
    var made: OpaquePointer?
    try symbols.check(unsafe make(&made))
    guard let made = unsafe made else { throw EngineError("OpenVINO gave no object and no reason") }
    unsafe pointer = unsafe made
    unsafe self.free = unsafe free
  }

  deinit {
    unsafe free(pointer)
  }
}
