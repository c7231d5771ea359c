/// Where a buffer becomes visible. Used by one task at a time.
package protocol Screen: AnyObject {
  var size: Size { get }
  var depth: ColorDepth { get }
  /// Shows the buffer; only what differs from the last one has a cost.
  func draw(_ buffer: Buffer)
  /// The terminal changed its size: `size` is right after this.
  func resize()
  /// Gives the terminal back as it was. Safe to call twice.
  func close()
}
