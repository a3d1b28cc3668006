"""AWS's own SDK and toolkit beside ours, on the stand-in for SageMaker (`make check-sagemaker-sdk`)."""
