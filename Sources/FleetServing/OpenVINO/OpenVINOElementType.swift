/// `ov_element_type_e` of `openvino/c/ov_common.h` in the protocol's words.
enum OpenVINOElementType {
  private static let codes: [(code: Int32, datatype: TensorDatatype)] = [
    (1, .bool), (2, .bf16), (3, .fp16), (4, .fp32), (5, .fp64), (7, .int8), (8, .int16), (9, .int32), (10, .int64),
    (16, .uint8), (17, .uint16), (18, .uint32), (19, .uint64),
  ]

  /// Nil for what the protocol has no name for, and for text, which is not plain memory in OpenVINO.
  static func datatype(_ code: Int32) -> TensorDatatype? {
    codes.first { $0.code == code }?.datatype
  }

  static func code(_ datatype: TensorDatatype) -> Int32? {
    codes.first { $0.datatype == datatype }?.code
  }
}
