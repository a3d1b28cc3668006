"""Requests as AWS's clients send them, and answers as they read them: JSON, query, CBOR and S3."""

from __future__ import annotations

import functools
import io
import itertools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote
from xml.sax.saxutils import escape

from tests.fakes.sagemaker.validation import model

Environ = dict[str, Any]
CREDENTIAL = re.compile(r"Credential=([^/]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")
UNSIGNED = {"AssumeRoleWithWebIdentity": "sts"}
"""The one call that is made without keys."""
PREFIXES = {
    "Logs_20140328": "logs",
    "AWSPriceListService": "pricing",
    "ServiceQuotasV20190624": "servicequotas",
    "SageMaker": "sagemaker",
}
OPERATION = re.compile(r"/service/[^/]+/operation/(\w+)")
LARGEST = 32 << 20
"""Bytes of a body that is read here; S3's are left to moto."""
REQUESTS = itertools.count(1)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One call of AWS's interface."""

    service: str
    action: str
    region: str
    form: str
    parameters: dict[str, Any]
    access_key: str | None
    session_token: str | None
    environ: Environ = field(repr=False)

    @property
    def name(self) -> str:
        """`service:Action`, as faults name it."""
        return f"{self.service}:{self.action}"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer before it goes out."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class ServiceError(Exception):
    """An answer that is an error: *code* and the text that AWS gives."""

    def __init__(self, code: str, text: str, status: int = 400) -> None:
        super().__init__(f"{code}: {text}")
        self.code, self.text, self.status = code, text, status


def asked(environ: Environ) -> Asked:
    """Read one request."""
    query = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    signed = CREDENTIAL.search(
        environ.get("HTTP_AUTHORIZATION", "") or f"Credential={query.get('X-Amz-Credential', '')}"
    )
    key, region, service = signed.groups() if signed else (None, "us-east-1", "")
    token = environ.get("HTTP_X_AMZ_SECURITY_TOKEN") or query.get("X-Amz-Security-Token")
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    if target:
        prefix, _, action = target.rpartition(".")
        form, service = "json", service or PREFIXES.get(prefix, prefix.lower())
        parameters = json.loads(body(environ) or b"{}")
    elif operation := OPERATION.search(environ.get("PATH_INFO", "")):
        form, action, parameters = "cbor", operation[1], {}
    elif environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        parameters = {**query, **dict(parse_qsl(body(environ).decode(), keep_blank_values=True))}
        action = parameters.pop("Action", "")
        form, service = "query", service or UNSIGNED.get(action, "")
    else:
        form, service = "s3", "s3"
        action, parameters = s3_call(environ["REQUEST_METHOD"], environ, query)
    return Asked(
        service=service, action=action, region=region, form=form, parameters=parameters, access_key=key, session_token=token, environ=environ,
    )  # fmt: skip


def body(environ: Environ) -> bytes:
    """Read the body, and leave it for the next reader."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    data: bytes = environ["wsgi.input"].read(min(length, LARGEST)) if length else b""
    environ["wsgi.input"] = io.BytesIO(data)
    return data


@dataclass(frozen=True, kw_only=True)
class Route:
    """One of S3's operations: what marks a request as a call of it."""

    name: str
    method: str
    has_key: bool
    has_bucket: bool
    marks: frozenset[str]


@functools.cache
def s3_routes() -> tuple[Route, ...]:
    """Return S3's operations, those with the most marks first."""
    return tuple(sorted(_s3_routes(), key=lambda route: -len(route.marks)))


def _s3_routes() -> Iterator[Route]:
    service = model("s3")
    for name in service.operation_names:
        operation = service.operation_model(name)
        path, _, fixed = operation.http["requestUri"].partition("?")
        marks = {part.partition("=")[0] for part in fixed.split("&") if part}
        shape = operation.input_shape
        for member in shape.required_members if shape else ():
            where = shape.members[member].serialization
            if where.get("location") == "querystring":
                marks.add(where["name"])
            elif where.get("location") == "header":
                marks.add(where["name"].lower())
        yield Route(
            name=name, method=operation.http["method"], has_key="{Key+}" in path, has_bucket="{Bucket}" in path, marks=frozenset(marks),
        )  # fmt: skip


def s3_call(method: str, environ: Environ, query: dict[str, str]) -> tuple[str, dict[str, Any]]:
    """Return the operation of S3 that a request calls, and its parameters (path-style addresses)."""
    bucket, _, key = unquote(environ.get("PATH_INFO", "")).lstrip("/").partition("/")
    given = set(query) | {name[5:].replace("_", "-").lower() for name in environ if name.startswith("HTTP_")}
    here = next(
        (
            route.name
            for route in s3_routes()
            if (route.method, route.has_key, route.has_bucket) == (method, bool(key), bool(bucket))
            and route.marks <= given
        ),
        f"{method}Object",
    )
    parameters: dict[str, Any] = {"Bucket": bucket, "Key": key} if key else {"Bucket": bucket} if bucket else {}
    parameters.update({name: value for name, value in query.items() if not name.lower().startswith("x-amz-")})
    for header in ("HTTP_IF_NONE_MATCH", "HTTP_IF_MATCH", "HTTP_RANGE"):
        if header in environ:
            parameters[header[5:].replace("_", "-").title()] = environ[header]
    return here, parameters


def in_json(value: Any, status: int = 200) -> Answer:
    """Return an answer in AWS's JSON."""
    return Answer(
        status=status, body=json.dumps(value).encode(), headers={"Content-Type": "application/x-amz-json-1.1"}
    )


def in_query(call: Asked, value: str) -> Answer:
    """Return an answer in the query protocol's XML; *value* is the inside of the result."""
    name = call.action
    text = f'<{name}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{name}Result>{value}</{name}Result><ResponseMetadata><RequestId>{request_id()}</RequestId></ResponseMetadata></{name}Response>'
    return Answer(body=text.encode(), headers={"Content-Type": "text/xml"})


def in_error(call: Asked, error: ServiceError) -> Answer:
    """Return *error* as the service of *call* would write it."""
    number = request_id()
    if call.form == "json":
        answer = in_json({"__type": error.code, "message": error.text}, error.status)
        return Answer(status=answer.status, body=answer.body, headers={**answer.headers, "x-amzn-RequestId": number})
    inside = f"<Code>{error.code}</Code><Message>{escape(error.text)}</Message>"
    if call.form == "s3":
        text = (
            ""
            if call.environ["REQUEST_METHOD"] == "HEAD"
            else f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{inside}<RequestId>{number}</RequestId></Error>'
        )
        return Answer(
            status=error.status,
            body=text.encode(),
            headers={"Content-Type": "application/xml", "x-amz-request-id": number},
        )
    text = f'<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>{inside}</Error><RequestId>{number}</RequestId></ErrorResponse>'
    return Answer(
        status=error.status, body=text.encode(), headers={"Content-Type": "text/xml", "x-amzn-RequestId": number}
    )


def request_id() -> str:
    """Return an id that no other answer has."""
    return f"00000000-0000-4000-8000-{next(REQUESTS):012d}"
