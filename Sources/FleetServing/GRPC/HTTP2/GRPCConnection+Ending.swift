import NIOCore
import NIOHTTP2

/// What a connection does of itself: it tells those who watch, cuts off those who stall, and comes to its end.
extension GRPCConnection {
  func watch(_ id: HTTP2StreamID, _ message: ByteBuffer, _ context: ChannelHandlerContext) {
    do throws(ServingError) {
      watchers[id] = HealthWatch(service: try HealthMessages.service(message))
    } catch {
      return finish(id, GRPCStatus(error), context)
    }
    tellWatchers(context)
  }

  func tellWatchers(_ context: ChannelHandlerContext) {
    for (id, watcher) in watchers {
      // One that does not read what it is told is told the latest when it does.
      guard let stream = streams[id], stream.unsent == 0 else { continue }
      var watcher = watcher
      guard let health = watcher.changed(to: responder.health(of: watcher.service)) else { continue }
      watchers[id] = watcher
      write(GRPCAnswer(HealthMessages.answer(health)), on: id, context)
    }
    guard !watchers.isEmpty, healthCheck == nil else { return }
    let context = NIOLoopBound(context, eventLoop: context.eventLoop)
    healthCheck = context.value.eventLoop.assumeIsolated().scheduleTask(in: grpcLimits.watchInterval) { [self] in
      healthCheck = nil
      tellWatchers(context.value)
      scheduleFlush(context.value)
    }
  }

  // MARK: Ending
  func stop(_ context: ChannelHandlerContext) {
    guard !isStopping else { return }
    isStopping = true
    // Calls that cross this on their way are beyond its number: their clients know that they may repeat them.
    write(
      .goAway(lastStreamID: lastStream, errorCode: .noError, opaqueData: nil),
      on: .rootStream,
      promise: nil,
      context
    )
    let stopping = GRPCStatus(.unavailable, "the server is stopping")
    for (id, stream) in streams where stream.head.method.form != .unary && stream.isIdle {
      finish(id, stopping, context)
    }
    flush(context)
  }

  /// Closes when the last call of a connection that ends has gone out.
  func endWhenDone(_ context: ChannelHandlerContext) {
    guard isStopping, !isEnding, streams.isEmpty else { return }
    isEnding = true
    let sent = context.eventLoop.makePromise(of: Void.self)
    let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
    sent.futureResult.assumeIsolated().whenSuccess { [self] in linger(bound.value) }
    write(
      .goAway(lastStreamID: lastStream, errorCode: .noError, opaqueData: nil),
      on: .rootStream,
      promise: sent,
      context
    )
    context.flush()
  }

  /// Waits a little for the client to close: to close under what it still sends would reset the connection, and may take the
  /// last answer with it.
  func linger(_ context: ChannelHandlerContext) {
    context.close(mode: .output, promise: nil)
    let context = NIOLoopBound(context, eventLoop: context.eventLoop)
    check?.cancel()
    check = context.value.eventLoop.assumeIsolated().scheduleTask(in: limits.linger) {
      context.value.close(promise: nil)
    }
  }

  func scheduleCheck(_ context: ChannelHandlerContext) {
    let context = NIOLoopBound(context, eventLoop: context.eventLoop)
    let interval = min(limits.stall, grpcLimits.idle)
    check = context.value.eventLoop.assumeIsolated().scheduleTask(in: interval) { [self] in
      guard !isEnding else { return }
      scheduleCheck(context.value)
      checkProgress(context.value)
    }
  }

  /// Ends calls whose clients are too slow, and a connection that nothing happens on.
  func checkProgress(_ context: ChannelHandlerContext) {
    now = .now()
    let unsent = (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    if unsent > 0, unsent == lastUnsent, now - lastActivity >= limits.stall { return context.close(promise: nil) }
    lastUnsent = unsent
    for (id, stream) in streams where now - stream.lastProgress >= limits.stall {
      if stream.awaitsClient {
        finish(id, GRPCStatus(.deadlineExceeded, "the request did not arrive in time"), context)
      } else if now - lastGrant >= limits.stall, stream.isFinished || (stream.unsent > 0 && watchers[id] == nil) {
        reset(id, .cancel, context)
        forget(id)
      }
    }
    if !hasSpoken, now - lastActivity >= limits.stall { return context.close(promise: nil) }
    if streams.isEmpty, now - lastActivity >= grpcLimits.idle { stop(context) }
    flush(context)
  }
}
