"""The edge to a cluster: one port, the Kubernetes API behind it, and informers that follow it."""
