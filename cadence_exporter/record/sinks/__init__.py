"""What the sinks share: what is told, where it waits until it is delivered, who delivers it, and how that goes."""
