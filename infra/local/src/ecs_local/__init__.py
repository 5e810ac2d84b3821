"""An embedded Amazon ECS: real processes behind a real load balancer, without an account."""
