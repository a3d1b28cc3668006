"""The bucket and the roles as one CloudFormation template: made once, by hand, by somebody who may.

Sources: AWS CloudFormation Template Reference (AWS::S3::Bucket, AWS::S3::BucketPolicy, AWS::IAM::Role,
AWS::IAM::OIDCProvider).
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from alekseylearn.iam_policies import (
    AUDIENCE,
    GITHUB,
    Access,
    Document,
    execution_policy,
    execution_trust,
    submit_policy,
    submit_trust,
)

DAYS_KEPT = 30
"""How long what jobs leave in the bucket stays there; results stay."""
_DAYS_OF_UPLOADS = 7
_SECONDS_OF_A_SESSION = 3600
_HEAD = """\
# What alekseylearn needs on AWS to train the notebooks of {repository}: a bucket and two roles.
#   Submit:    what the workflow on GitHub may do. It starts and stops jobs called alekseylearn-*, on machines and for
#              times that are named here.
#   Execution: what a training job may do. It reads its code and data and writes its results, nothing else.
# Made by `alekseylearn init --backend sagemaker`, which makes it again with --force. To set the account up with it:
#   {command}
"""


def deploy_command(file: str, region: str, stack: str = "alekseylearn") -> str:
    """Return the command that makes or changes the stack."""
    return (
        f"aws cloudformation deploy --region {region} --stack-name {stack} --template-file {file}"
        " --capabilities CAPABILITY_NAMED_IAM"
    )


def template(access: Access) -> Document:
    """Return the template for *access*; its account and region are the stack's."""
    inside = replace(
        access,
        account="${AWS::AccountId}",
        region="${AWS::Region}",
        partition="${AWS::Partition}",
    )
    roles = {
        "ExecutionRole": _role(access.execution_role, execution_trust(inside), execution_policy(inside)),
        "SubmitRole": _role(access.submit_role, submit_trust(inside), submit_policy(inside)),
    }
    roles["SubmitRole"]["Properties"]["MaxSessionDuration"] = _SECONDS_OF_A_SESSION
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"alekseylearn trains the notebooks of {access.repository} on SageMaker",
        # The only one: CloudFormation keeps a parameter's old value where a new template has another default.
        "Parameters": {
            "GitHub": {
                "Type": "String",
                "Default": "make",
                "AllowedValues": ["make", "exists"],
                "Description": f"Whether to make the identity provider {GITHUB}; an account can have only one",
            }
        },
        "Conditions": {"MakeGitHub": {"Fn::Equals": [{"Ref": "GitHub"}, "make"]}},
        "Resources": {
            "Results": _bucket(access.bucket, access.prefix),
            "ResultsPolicy": _bucket_policy(),
            "GitHubProvider": {
                "Type": "AWS::IAM::OIDCProvider",
                "Condition": "MakeGitHub",
                # Others may have come to rely on it.
                "DeletionPolicy": "Retain",
                "UpdateReplacePolicy": "Retain",
                "Properties": {"Url": f"https://{GITHUB}", "ClientIdList": [AUDIENCE]},
            },
            **_filled(roles),
        },
        "Outputs": {
            "Bucket": {"Description": "bucket: of the table sagemaker:", "Value": {"Ref": "Results"}},
            "ExecutionRole": {
                "Description": "role: of the table sagemaker:",
                "Value": {"Fn::GetAtt": ["ExecutionRole", "Arn"]},
            },
            "SubmitRole": {
                "Description": "aws-role: of the workflow",
                "Value": {"Fn::GetAtt": ["SubmitRole", "Arn"]},
            },
        },
    }


def template_text(access: Access, command: str) -> str:
    """Return the template as YAML; *command* is told at its top."""
    import yaml

    head = _HEAD.format(repository=access.repository, command=command)
    # What stands in two places is written twice, not as YAML's alias, which CloudFormation does not read.
    plain = json.loads(json.dumps(template(access)))
    return head + yaml.safe_dump(plain, sort_keys=False, width=120)


def _bucket(name: str, prefix: str) -> Document:
    def expire(part: str) -> Document:
        return {
            "Id": part,
            "Status": "Enabled",
            "Prefix": f"{prefix}/{part}/",
            "ExpirationInDays": DAYS_KEPT,
        }

    private = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    uploads = {"DaysAfterInitiation": _DAYS_OF_UPLOADS}
    return {
        "Type": "AWS::S3::Bucket",
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": {
            "BucketName": name,
            "PublicAccessBlockConfiguration": dict.fromkeys(private, True),
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
            },
            "LifecycleConfiguration": {
                "Rules": [
                    expire("runs"),
                    expire("code"),
                    {"Id": "uploads", "Status": "Enabled", "AbortIncompleteMultipartUpload": uploads},
                ]
            },
        },
    }


def _bucket_policy() -> Document:
    arn = {"Fn::GetAtt": ["Results", "Arn"]}
    return {
        "Type": "AWS::S3::BucketPolicy",
        "Properties": {
            "Bucket": {"Ref": "Results"},
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Sid": "OnlyEncryptedOnTheWay",
                        "Effect": "Deny",
                        "Principal": "*",
                        "Action": "s3:*",
                        "Resource": [arn, {"Fn::Sub": "${Results.Arn}/*"}],
                        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                    }
                ],
            },
        },
    }


def _role(name: str, trust: Document, policy: Document) -> Document:
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "RoleName": name,
            "AssumeRolePolicyDocument": trust,
            "Policies": [{"PolicyName": "alekseylearn", "PolicyDocument": policy}],
        },
    }


def _filled(value: Any) -> Any:
    """Let CloudFormation fill in every text that asks for it."""
    if isinstance(value, dict):
        return {key: _filled(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_filled(one) for one in value]
    if isinstance(value, str) and "${" in value:
        return {"Fn::Sub": value}
    return value
