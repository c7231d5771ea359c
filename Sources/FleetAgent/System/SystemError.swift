import Glibc

/// A failed system call in words: `cannot bind 127.0.0.1:80: Permission denied`.
struct SystemError: Error, CustomStringConvertible {
  let doing: String
  let code: Int32

  /// Takes `errno` as the last call left it.
  init(_ doing: String, code: Int32 = errno) {
    self.doing = doing
    self.code = code
  }

  var description: String { "cannot \(doing): \(unsafe String(cString: strerror(code)))" }
  var isNoSpace: Bool { code == ENOSPC || code == EDQUOT }
  var isAddressInUse: Bool { code == EADDRINUSE }
}
