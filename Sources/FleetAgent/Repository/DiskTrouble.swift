import FleetCore

/// Turns a failure of the disk into words for an operator.
enum DiskTrouble {
  static func saying<Result>(_ what: String, _ body: () throws -> Result) throws(CommandError) -> Result {
    do {
      return try body()
    } catch let error as CommandError {
      throw error
    } catch let error as SystemError where error.isNoSpace {
      throw CommandError(.noSpace, "cannot \(what): the disk of this node is full")
    } catch {
      throw CommandError(.failed, "cannot \(what): \(error)")
    }
  }
}
