/// The version of this build.
enum DaemonVersion {
  static let text = "0.1.0"
}
