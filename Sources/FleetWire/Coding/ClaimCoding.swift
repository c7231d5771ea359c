import FleetCore

extension Fleet_V1_ClaimRequest {
  init(_ request: ClaimRequest) {
    self.init()
    kind =
      switch request.kind {
      case .ask: .ask
      case .renew: .renew
      case .release: .release
      case .check: .check
      }
    number = request.number
    orderedBy = WireValue.shortened(request.intent.orderedBy)
    isForced = request.intent.isForced
    isAutomatic = request.intent.isAutomatic
    needs = request.needs.map { Fleet_V1_ModelRate($0.model, $0.perSecond) }
    health = Fleet_V1_Health(request.health)
  }
}

extension ClaimRequest {
  /// More models than any node serves.
  static let maximumModels = 256

  init(wire: Fleet_V1_ClaimRequest) throws(CommandError) {
    let kind: Kind
    switch wire.kind {
    case .ask: kind = .ask
    case .renew: kind = .renew
    case .release: kind = .release
    case .check: kind = .check
    case .unspecified, .UNRECOGNIZED: throw WireValue.wrong("kind", "unknown value \(wire.kind.rawValue)")
    }
    let needs = try WireValue.list(wire.needs, atMost: Self.maximumModels, "needs")
    self.init(
      kind: kind,
      number: try WireValue.count(wire.number, "number"),
      intent: Claim.Intent(
        orderedBy: try WireValue.text(wire.orderedBy, "ordered_by"),
        isForced: wire.isForced,
        isAutomatic: wire.isAutomatic
      ),
      needs: try needs.map { (rate) throws(CommandError) in
        ModelNeed(model: try WireValue.modelName(rate.model, "model"), perSecond: try rate.value)
      },
      health: try Health(wire: wire.health)
    )
  }
}

extension Fleet_V1_ClaimReply {
  init(_ reply: ClaimReply) {
    self.init()
    number = reply.number
    switch reply.answer {
    case .promised(let spares):
      answer = .promised
      spare = spares.map { Fleet_V1_ModelRate($0.model, $0.perSecond) }
    case .refused(let refusal):
      answer = .refused
      cause = refusal.cause.rawValue
      text = WireValue.shortened(refusal.text)
    case .open: answer = .open
    case .closed: answer = .closed
    }
  }
}

extension ClaimReply {
  init(wire: Fleet_V1_ClaimReply) throws(CommandError) {
    let answer: Answer
    switch wire.answer {
    case .promised:
      let spares = try WireValue.list(wire.spare, atMost: ClaimRequest.maximumModels, "spare")
      answer = .promised(
        try spares.map { (rate) throws(CommandError) in
          ModelSpare(model: try WireValue.modelName(rate.model, "model"), perSecond: try rate.value)
        }
      )
    case .refused:
      let cause = ClaimRefusal.Cause(rawValue: wire.cause) ?? .failed
      answer = .refused(ClaimRefusal(cause, try WireValue.text(wire.text, "text")))
    case .open: answer = .open
    case .closed: answer = .closed
    case .unspecified, .UNRECOGNIZED: throw WireValue.wrong("answer", "unknown value \(wire.answer.rawValue)")
    }
    self.init(number: try WireValue.count(wire.number, "number"), answer: answer)
  }
}

extension Fleet_V1_ModelRate {
  fileprivate init(_ model: String, _ rate: Double?) {
    self.init()
    self.model = model
    if let rate { perSecond = rate }
  }

  fileprivate var value: Double? {
    get throws(CommandError) { hasPerSecond ? try WireValue.number(perSecond, "per_second") : nil }
  }
}
