/// The version of `fleet` and `fleetd`, which are built together.
package enum BuildVersion {
  package static let text = "0.1.0"
}
