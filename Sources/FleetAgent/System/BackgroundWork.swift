import CLinux
import Glibc

/// What lets work on disks give way to inference. All of it is best effort: a kernel that does not know it does without.
enum BackgroundWork {
  private static let niceness: Int32 = 10

  /// Has this thread wait behind others for a processor and for the disk.
  static func lowerThisThread() {
    // On Linux 0 is the calling thread, not its process.
    _ = setpriority(Int32(PRIO_PROCESS.rawValue), 0, niceness)
    _ = fleet_lower_io_priority()
  }

  /// Begins to write bytes of a file to the disk, so that they do not pile up in memory until all go at once.
  static func startWriting(_ file: Descriptor, from: UInt64, count: UInt64) {
    _ = fleet_write_out(file.number, Int(clamping: from), Int(clamping: count), 0)
  }

  /// Waits until those bytes are written: whoever brings more has to go at the disk's pace.
  static func finishWriting(_ file: Descriptor, from: UInt64, count: UInt64) {
    _ = fleet_write_out(file.number, Int(clamping: from), Int(clamping: count), 1)
  }
}
