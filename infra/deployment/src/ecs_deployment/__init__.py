"""Takes an ECS service from one revision to the next without dropping a request."""
