import FleetCore
package import FoundationEssentials

extension SettingValues {
  /// Reads the JSON file that `--config` names. Every value is text with its unit, as on the command line:
  ///
  ///     {"node": "austin-01/a", "state": "/var/lib/fleet", "control": "0.0.0.0:7443", "http": "0.0.0.0:8000",
  ///      "authority": "authority.pem", "certificate": "node.pem", "key": "node.key",
  ///      "trusted_keys": ["release.pub"],
  ///      "siblings": {"austin-01/b": "10.0.0.2:8000 control=10.0.0.2:7443"},
  ///      "slo": {"p99": "50ms", "errors": "1%", "temperature": "85C"},
  ///      "health": {"latency_of_siblings": "4x", "energy": "off"}, "auto_drain": "shadow after=60s",
  ///      "watts": {"idle": "4W", "full": "15W"}, "library_path": ["/opt/openvino"],
  ///      "models": {"tag-reader": "queue=64 wait=500ms"}, "limits": "body=16MB"}
  package init(file path: String) {
    guard let data = FileManager.default.contents(atPath: path) else {
      self.init()
      problems = ["--config: cannot read '\(path)'"]
      return
    }
    self.init(json: data, name: String(path.split(separator: "/").last ?? ""))
  }

  package init(json data: Data, name: String) {
    let document: JSONValue
    do {
      document = try JSONDecoder().decode(JSONValue.self, from: data)
    } catch {
      problems = ["\(name): \(JSONText.describe(error))"]
      return
    }
    read(document, at: [], of: name)
  }

  private mutating func read(_ value: JSONValue, at path: [String], of file: String) {
    let origin = "\(file): \(path.joined(separator: "."))"
    if let setting = Setting.allCases.first(where: { $0.filePath == path }) {
      if let texts = Self.texts(value, of: setting) {
        values[setting] = Value(origin: origin, texts: texts)
      } else {
        problems.append("\(origin): expected \(Self.shape(of: setting)), found \(value.words)")
      }
      return
    }
    guard case .table(let entries) = value else {
      problems.append(
        path.isEmpty
          ? "\(file): expected a table, found \(value.words)" : "\(origin): expected a table, found \(value.words)"
      )
      return
    }
    let known = Set(Setting.allCases.compactMap { $0.filePath.starts(with: path) ? $0.filePath[path.count] : nil })
    for (key, value) in entries.sorted(by: { $0.key < $1.key }) {
      if known.contains(key) {
        read(value, at: path + [key], of: file)
      } else {
        let place = (path + [key]).joined(separator: ".")
        problems.append("\(file): unknown key '\(place)'\(NearName.hint(for: key, among: known.sorted()))")
      }
    }
  }

  private static func texts(_ value: JSONValue, of setting: Setting) -> [String]? {
    switch (value, setting) {
    case (.table(let entries), .siblings): return Self.texts(entries, joinedBy: "=")
    case (.table(let entries), .models): return Self.texts(entries, joinedBy: " ")
    case (.table(let entries), .health): return Self.texts(entries, joinedBy: "=").map { [$0.joined(separator: " ")] }
    case (.list(let items), .libraryPath), (.list(let items), .trustedKeys):
      let texts = items.compactMap { item in if case .text(let text) = item { text } else { nil } }
      return texts.count == items.count ? texts : nil
    case (.text(let text), _) where setting.listSeparator == nil: return [text]
    default: return nil
    }
  }

  private static func texts(_ entries: [String: JSONValue], joinedBy separator: String) -> [String]? {
    var texts: [String] = []
    for (name, value) in entries.sorted(by: { $0.key < $1.key }) {
      guard case .text(let value) = value else { return nil }
      texts.append("\(name)\(separator)\(value)")
    }
    return texts
  }

  private static func shape(of setting: Setting) -> String {
    switch setting {
    case .siblings: "a table such as {\"austin-01/b\": \"10.0.0.2:8000 control=10.0.0.2:7443\"}"
    case .models: "a table such as {\"tag-reader\": \"queue=64 wait=500ms\"}"
    case .health: "a table such as {\"disk\": \"2GB\", \"energy\": \"off\"}"
    case .libraryPath: "a list of folders"
    case .trustedKeys: "a list of files"
    default: "text"
    }
  }
}
