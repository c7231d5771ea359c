import Foundation

/// Real images with what each version of `tag-reader` makes of them, computed by another runtime than ours.
struct DigitImages: Sendable {
  private struct File: Decodable {
    var images: [[Int]]
  }

  /// Request bodies of the Open Inference Protocol, one an image.
  let requests: [[UInt8]]
  /// By version: the digit that it reads in each image.
  private let answers: [String: [Int]]

  /// `folder` holds `MODEL.json` and `MODEL.answers.json`.
  init(model: String, folder: URL) throws {
    let file = try JSONDecoder().decode(File.self, from: Data(contentsOf: folder.appending(path: "\(model).json")))
    let known = try Data(contentsOf: folder.appending(path: "\(model).answers.json"))
    requests = file.images.map { image in
      let pixels = image.map(String.init).joined(separator: ",")
      return Array(
        #"{"inputs":[{"name":"pixels","shape":[1,1,8,8],"datatype":"FP32","data":[\#(pixels)]}]}"#.utf8
      )
    }
    answers = try JSONDecoder().decode([String: [Int]].self, from: known)
  }

  /// Whether `body` answers image `index` as the version that it names should.
  func isRight(_ body: [UInt8], image index: Int) -> Bool {
    struct Answer: Decodable {
      struct Output: Decodable {
        var name: String
        var data: [Double]
      }
      var model_version: String
      var outputs: [Output]
    }
    guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(body)),
      let scores = answer.outputs.first(where: { $0.name == "scores" })?.data, scores.count == 10,
      let expected = answers[answer.model_version], index < expected.count,
      let best = scores.indices.max(by: { scores[$0] < scores[$1] })
    else { return false }
    return best == expected[index]
  }
}
