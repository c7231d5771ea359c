/// How much of a length one part of a layout asks for.
package enum Extent: Hashable, Sendable {
  case fixed(Int)
  /// A part of what the fixed ones leave, by weight.
  case share(Int)
}

/// Pure functions that split a rectangle. The parts never overlap, never leave the whole, and cover it when a share is among them.
package enum Layout {
  /// Lengths for the extents, earlier ones first served when there is not enough.
  package static func lengths(of total: Int, _ extents: [Extent]) -> [Int] {
    var left = max(0, total)
    var lengths = [Int](repeating: 0, count: extents.count)
    for (index, extent) in extents.enumerated() {
      guard case .fixed(let wanted) = extent else { continue }
      lengths[index] = min(max(0, wanted), left)
      left -= lengths[index]
    }
    var weights = extents.reduce(0) { sum, extent in
      if case .share(let weight) = extent { sum + max(0, weight) } else { sum }
    }
    for (index, extent) in extents.enumerated() {
      guard case .share(let weight) = extent, weight > 0 else { continue }
      lengths[index] = left * weight / weights
      left -= lengths[index]
      weights -= weight
    }
    return lengths
  }

  /// Parts from top to bottom.
  package static func rows(_ rect: Rect, _ extents: [Extent]) -> [Rect] {
    var y = rect.y
    return lengths(of: rect.height, extents).map { height in
      defer { y += height }
      return Rect(x: rect.x, y: y, width: rect.width, height: height)
    }
  }

  /// Parts from left to right.
  package static func columns(_ rect: Rect, _ extents: [Extent]) -> [Rect] {
    var x = rect.x
    return lengths(of: rect.width, extents).map { width in
      defer { x += width }
      return Rect(x: x, y: rect.y, width: width, height: rect.height)
    }
  }

  /// A rectangle of at most that size in the middle of another.
  package static func centered(width: Int, height: Int, in rect: Rect) -> Rect {
    let width = min(width, rect.width)
    let height = min(height, rect.height)
    return Rect(
      x: rect.x + (rect.width - width) / 2,
      y: rect.y + (rect.height - height) / 2,
      width: width,
      height: height
    )
  }
}
