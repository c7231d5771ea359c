/// A promise that the server broke, with what it did.
package struct FuzzFailure: Error, CustomStringConvertible {
  package let description: String

  init(_ description: String) {
    self.description = description
  }
}
