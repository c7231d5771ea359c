import ArgumentParser
import FleetConfiguration
import FleetCore
import Foundation
import Terminal

@main
struct FleetCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fleet",
    abstract: "Watch, update and repair the AI boxes in your stores from one terminal.",
    discussion: """
      Exit status: 0 done, 1 failed, 2 wrong usage or a file that is wrong, 3 some nodes cannot be reached.
      """,
    version: BuildVersion.text,
    subcommands: [
      TopCommand.self, StatusCommand.self, WhyCommand.self, WatchCommand.self, PushCommand.self, DiffCommand.self,
      ApplyCommand.self, RollbackCommand.self, DrainCommand.self, UndrainCommand.self, JobsCommand.self,
      AlertsCommand.self,
      BenchCommand.self, AuthorityCommand.self, KeyCommand.self, SignCommand.self, VerifyCommand.self, DemoCommand.self,
      JobCommand.self,
    ],
    defaultSubcommand: TopCommand.self
  )

  static func main() async {
    do {
      var command = try parseAsRoot()
      InterruptedJobs.mention(before: command)
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch {
      end(with: error)
    }
  }

  /// Prints what is wrong and ends with the status that says of what kind it is.
  private static func end(with error: any Error) -> Never {
    switch error {
    case let error as UsageError:
      Complaint.print("fleet: \(error)")
      Foundation.exit(ExitStatus.usage.rawValue)
    case let error as ConfigurationError:
      Complaint.print("\(error)")
      Foundation.exit(ExitStatus.usage.rawValue)
    case let error as CommandError:
      Complaint.print("fleet: \(error)")
      Foundation.exit(error.code == .unreachable || error.code == .timeout ? ExitStatus.someUnreachable.rawValue : 1)
    case let error as TerminalError:
      Complaint.print("fleet: \(error)")
      Foundation.exit(1)
    case let error as BenchError:
      Complaint.print("fleet bench: \(error)")
      Foundation.exit(1)
    case let error as DemoError:
      Complaint.print("fleet demo: \(error)")
      Foundation.exit(1)
    case let code as ExitCode:
      Foundation.exit(code.rawValue)
    default:
      let code = exitCode(for: error)
      if code == .success {
        print(message(for: error))
        Foundation.exit(0)
      }
      Complaint.print(fullMessage(for: error))
      Foundation.exit(code == .validationFailure ? ExitStatus.usage.rawValue : 1)
    }
  }
}
