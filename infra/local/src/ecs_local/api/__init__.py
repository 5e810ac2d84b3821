"""The API port: the AWS protocols from botocore's models, and one room an AWS service."""
