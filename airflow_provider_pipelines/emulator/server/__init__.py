"""The HTTP side: the way of a call, faults, the journal, the control routes, the process."""
