/// What stopping a job does, in words: it ends what this console does, never what a node was ordered to do.
enum StopWords {
  /// After the key in the dialog's border.
  static func hint(_ kind: JobReport.Kind) -> String {
    kind == .drain ? "stop watching, the node drains on" : "stop now"
  }

  static func quitQuestion(_ kind: JobReport.Kind) -> String {
    kind == .drain
      ? "a drain is under way: its node drains on, later ones are not begun; q again quits"
      : "a job is under way and would stop at once (\(kind.rawValue)); q again quits"
  }
}
