internal import Terminal

/// Yes or no to what is asked of a job.
struct WishForm: Equatable, Sendable {
  enum Field: CaseIterable { case leave, confirm }

  var wish: JobWish
  var job: String
  /// It came by itself, because the job was found interrupted.
  var isOffer = false
  /// Nothing happens by accident.
  var focus = Field.leave

  mutating func handle(_ key: Key) -> FormAnswer {
    switch key {
    case .escape: return .cancelled
    case .tab, .down, .right, .backTab, .up, .left: focus = moved(focus, by: 1)
    case .enter: return focus == .leave ? .cancelled : .confirmed
    default: break
    }
    return .open
  }
}
