"""Amazon SageMaker on loopback, whose training jobs really run.

`service` is one AWS account: a real HTTP server whose S3, IAM, CloudWatch and Logs are moto's, and whose training jobs, STS, prices and quotas
are ours. `front` takes every request in, asks `identity` who calls, lets `Fault`s strike, and keeps the record of `calls`; `wire` reads and
writes AWS's forms. `training` checks requests (`validation`: botocore's own description of the service) and holds the `jobs`; `executor` carries
one out, in machines made of Linux namespaces (`box`, `box.sh`: nothing of the job's changes reaches this machine), with `storage` and `logs`
between the machines and S3 or CloudWatch. `control` is for other processes, `python -m tests.fakes.sagemaker` is one.

What is known of the service stands in:
- the reference: https://docs.aws.amazon.com/sagemaker/latest/APIReference/ (API_CreateTrainingJob, API_DescribeTrainingJob,
  API_StopTrainingJob, API_SecondaryStatusTransition), and botocore's description of it
- https://docs.aws.amazon.com/sagemaker/latest/dg/ (your-algorithms-training-algo-running-container.html, ...-algo-output.html,
  ...-algo-envvariables.html, model-managed-spot-training.html, model-checkpoints.html)
- https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html and Docker's driver awslogs for how lines
  become events
- https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_oidc.html and GitHub's pages on OpenID Connect

Where nobody says what happens, it is what is worst for a client: a spot instance ends without a word and checkpoints that were not stored yet
are lost, an event appears late, a reply is lost.
"""

from tests.fakes.sagemaker.settings import Fault, Image, Settings

__all__ = ["Fault", "Image", "Settings"]
