"""What a deploy runs on: cluster, service, load balancer, registry, scaling."""
