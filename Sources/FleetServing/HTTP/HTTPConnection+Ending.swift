import NIOCore

/// How a connection comes to its end: when its last answer is out, or when its client is too slow.
extension HTTPConnection {
  /// Ends a connection on which nothing is going on, when what was written before is out.
  func endWhenIdle(_ context: ChannelHandlerContext) {
    guard !isAnswering, pending.isEmpty, incoming == nil, !isClosing else { return }
    let sent = context.eventLoop.makePromise(of: Void.self)
    context.write(wrapOutboundOut(ByteBuffer()), promise: sent)
    end(after: sent.futureResult, context)
  }

  /// Takes no request any more, and ends our side when the last answer is `sent`. Until then the watch goes on.
  func end(after sent: EventLoopFuture<Void>, _ context: ChannelHandlerContext) {
    isClosing = true
    pending.removeAll()
    let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
    // A failure means that the connection is closed.
    sent.assumeIsolated().whenSuccess { [self] in linger(bound.value) }
    context.flush()
    if holdsRead, context.channel.isWritable {
      holdsRead = false
      context.read()
    }
  }

  /// Waits a little for the client to end its side of the connection.
  func linger(_ context: ChannelHandlerContext) {
    isLingering = true
    watch?.cancel()
    // To end one side when the other is over is to close.
    guard !isInputOver else { return context.close(promise: nil) }
    context.close(mode: .output, promise: nil)
    let context = NIOLoopBound(context, eventLoop: context.eventLoop)
    watch = context.value.eventLoop.assumeIsolated().scheduleTask(in: limits.linger) {
      context.value.close(promise: nil)
    }
    if holdsRead {
      holdsRead = false
      context.value.read()
    }
  }

  func forgetIncoming() {
    release(incoming?.body.readableBytes ?? 0)
    incoming = nil
  }

  func release(_ bytes: Int) {
    guard bytes > 0 else { return }
    heldBytes -= bytes
    census.held(-bytes)
  }

  func scheduleWatch(_ context: ChannelHandlerContext) {
    let context = NIOLoopBound(context, eventLoop: context.eventLoop)
    let interval = min(limits.stall, limits.idle)
    watch = context.value.eventLoop.assumeIsolated().scheduleTask(in: interval) { [self] in
      if checkProgress(context.value), !isLingering { scheduleWatch(context.value) }
    }
  }

  /// Cuts off a client that is too slow; false when it did.
  func checkProgress(_ context: ChannelHandlerContext) -> Bool {
    let now = NIODeadline.now()
    let unsent = (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    if unsent != lastUnsent {
      lastUnsent = unsent
      lastProgress = now
    }
    if isAnswering { return true }
    if let incoming {
      guard now - lastProgress >= limits.stall || now - incoming.since >= limits.arrival else { return true }
      refuse(408, "the request did not arrive in time", context)
      context.flush()
      return true
    }
    guard now - lastProgress >= (unsent > 0 ? limits.stall : limits.idle) else { return true }
    context.close(promise: nil)
    return false
  }
}
