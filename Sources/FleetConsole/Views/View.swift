package import Terminal

/// What the state looks like. Pure: the same state, theme and size give the same cells.
package func view(_ state: FleetState, theme: Theme, size: Size) -> Buffer {
  var buffer = Buffer(size: size, style: theme(.text))
  guard size.width > 0, size.height > 0 else { return buffer }
  switch state.interface.page {
  case _ where size.width < FleetView.leastWidth || size.height < FleetView.leastHeight:
    SmallView(state: state, theme: theme).draw(into: &buffer)
  case .fleet: FleetView(state: state, theme: theme).draw(into: &buffer)
  case .node(let name): NodeView(state: state, theme: theme, name: name).draw(into: &buffer)
  case .why(let name): WhyView(state: state, theme: theme, name: name).draw(into: &buffer)
  case .alerts: AlertsView(state: state, theme: theme).draw(into: &buffer)
  case .jobs: JobsView(state: state, theme: theme).draw(into: &buffer)
  case .job(let id): JobView(state: state, theme: theme, id: id).draw(into: &buffer)
  }
  switch state.interface.overlay {
  case .help(let scroll): HelpView(theme: theme).draw(scroll: scroll, into: &buffer)
  case .events(let scroll): EventsView(state: state, theme: theme).draw(scroll: scroll, into: &buffer)
  case .push(let form): PushDialog(state: state, theme: theme, form: form).draw(into: &buffer)
  case .drain(let form): DrainDialog(state: state, theme: theme, form: form).draw(into: &buffer)
  case .confirm(let form): ConfirmDialog(state: state, theme: theme, form: form).draw(into: &buffer)
  case .wish(let form): WishDialog(state: state, theme: theme, form: form).draw(into: &buffer)
  case .progress: ProgressDialog(state: state, theme: theme).draw(into: &buffer)
  case nil: break
  }
  return buffer
}
