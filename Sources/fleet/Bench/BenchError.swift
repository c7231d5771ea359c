/// Why a benchmark cannot begin, in words for the person who asked for it.
struct BenchError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) {
    self.description = description
  }
}
