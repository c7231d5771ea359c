import FleetCore
import Testing

struct AddressTests {
  @Test(arguments: [
    ("127.0.0.1:9101", "127.0.0.1", 9101), ("box-1.store.example:1", "box-1.store.example", 1),
    ("[::1]:65535", "::1", 65535), ("[fe80::a:1]:80", "fe80::a:1", 80), ("[::ffff:10.0.0.1]:80", "::ffff:10.0.0.1", 80),
  ])
  func splits(_ text: String, _ host: String, _ port: Int) throws {
    let address = try #require(Address.split(text))
    #expect(address.host == host)
    #expect(address.port == port)
    #expect(Address.isValid(text))
  }

  @Test(arguments: [
    "", ":", "soon", "host", "host:", ":80", "host:0", "host:65536", "host:-1", "host:+80", "host:080", "host:80 ",
    " host:80", "host:99999999999999999999", "a b:80", "::1:80", "[::1]", "[::1]80", "[]:80", "[host]:80", "[:80",
    "]:80",
    "[::1:80", "::1]:80", "ho/st:80", "höst:80", "[::\u{ff11}]:80", "host:8\u{660}", "http://host:80", "host:80/x",
  ])
  func refuses(_ text: String) {
    #expect(!Address.isValid(text))
  }
}
