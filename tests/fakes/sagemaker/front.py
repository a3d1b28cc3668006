"""The HTTP server in front of everything: ours, moto's, and what goes wrong on the way."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import ThreadedWSGIServer

from tests.fakes.sagemaker import catalog
from tests.fakes.sagemaker.calls import Call, resource_of
from tests.fakes.sagemaker.identity import Holder, Identities, simulated
from tests.fakes.sagemaker.pages import paged
from tests.fakes.sagemaker.settings import Fault, Settings
from tests.fakes.sagemaker.training import Training
from tests.fakes.sagemaker.wire import Answer, Asked, Environ, ServiceError, asked, in_error, in_json

StartResponse = Callable[..., Any]
THROTTLED = {
    "json": ("ThrottlingException", "Rate exceeded", 400),
    "query": ("Throttling", "Rate exceeded", 400),
    "s3": ("SlowDown", "Please reduce your request rate.", 503),
}
OURS = {
    "iam": ("SimulatePrincipalPolicy",),
    "sts": ("GetCallerIdentity", "AssumeRole", "AssumeRoleWithWebIdentity"),
    "pricing": ("GetProducts",),
    "servicequotas": ("ListServiceQuotas", "GetServiceQuota"),
}


class Front:
    """The WSGI application."""

    def __init__(
        self,
        account: str,
        settings: Settings,
        identities: Identities,
        training: Training,
        control: Callable[[Environ], Answer],
    ) -> None:
        self.account, self.settings, self.identities, self.training = account, settings, identities, training
        self.calls: list[Call] = []
        self._control = control
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._lock = threading.Lock()
        self._conditional = threading.Lock()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        path = environ.get("PATH_INFO", "")
        if path.startswith("/_"):
            return self._send(self._beside(path, environ), start_response)
        call = asked(environ)
        holder: Holder | None = None
        fault: Fault | None = None
        try:
            holder = self.identities.who(call)
            fault = self._fault(call, holder)
            if fault is not None and fault.kind == "drop":
                self._note(call, holder, None)
                drop(environ)
            if fault is not None:
                time.sleep(fault.seconds)
                self._refuse(fault, call, holder)
            answer = self._own(call, holder)
        except ServiceError as error:
            answer = in_error(call, error)
            self._note(call, holder, answer.status, error.code)
            return self._send(answer, start_response)
        if answer is not None:
            self._note(call, holder, answer.status)
        else:
            answer = self._moved(call, environ, holder)
        if fault is not None and fault.kind == "lose":
            drop(environ)
        if fault is not None and fault.kind == "cut":
            return self._cut(answer, fault.after, environ, start_response)
        return self._send(answer, start_response)

    def _beside(self, path: str, environ: Environ) -> Answer:
        if path.startswith("/_oidc"):
            query = parse_qs(environ.get("QUERY_STRING", ""))
            return self.identities.identity_token(
                environ.get("HTTP_AUTHORIZATION", ""), query.get("audience", ["https://github.com/shop"])[0]
            )
        return self._control(environ)

    def _own(self, call: Asked, holder: Holder | None) -> Answer | None:
        """Answer what is ours; None: it is moto's."""
        if self.training.answers(call):
            return in_json(self.training.answer(call))
        if call.action not in OURS.get(call.service, ()):
            return None
        if call.service == "sts":
            return self.identities.answer(call, holder)
        if call.service == "iam":
            denied = [fault.action for fault in self.settings.faults if fault.kind == "deny"]
            return simulated(call, denied)
        if call.service == "pricing":
            return in_json(catalog.products(self.settings, call.parameters))
        return in_json(catalog.quotas(self.settings, call))

    def _moved(self, call: Asked, environ: Environ, holder: Holder | None) -> Answer:
        """Have moto answer, as this account."""
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = self.account
        told: list[Any] = []
        # moto looks first and writes then: of two who write under a condition at once, S3 lets one.
        conditional = {"If-Match", "If-None-Match"} & set(call.parameters) and environ["REQUEST_METHOD"] in (
            "PUT",
            "POST",
        )
        try:
            with self._conditional if conditional else contextlib.nullcontext():
                body = self._moto.get_application(environ)(
                    environ, lambda status, headers, *_: told.extend((status, headers))
                )
        except NotImplementedError as error:
            unknown = ServiceError("UnknownOperationException", f"the stand-in does not know {call.name}: {error}")
            self._note(call, holder, unknown.status, unknown.code)
            return in_error(call, unknown)
        data = b"".join(body)
        if hasattr(body, "close"):
            body.close()
        answer = Answer(status=int(told[0].split()[0]), body=data, headers=dict(told[1]))
        if call.name == "logs:GetLogEvents" and answer.status == 200:
            answer = paged(answer, call.parameters, self.settings)
        self._note(call, holder, answer.status, error_code(answer))
        return answer

    def _fault(self, call: Asked, holder: Holder | None) -> Fault | None:
        if holder is not None and holder.inside:
            return None
        with self._lock:
            where = resource_of(call, self.account)
            return next((fault for fault in self.settings.faults if fault.strikes(call.name, where)), None)

    def _refuse(self, fault: Fault, call: Asked, holder: Holder | None) -> None:
        kind = fault.kind
        if kind == "error":
            raise ServiceError(fault.code, fault.text, fault.status)
        if kind == "throttle":
            raise ServiceError(*THROTTLED.get(call.form, THROTTLED["query"]))
        if kind == "deny":
            # The record's name for it is IAM's.
            permission = self._call(call, holder, None).permission
            text = (
                f"User: {holder.principal if holder else 'anonymous'} is not authorized to perform: {permission} on resource: "
                f"{resource_of(call, self.account)} because no identity-based policy allows the {permission} action"
            )
            raise ServiceError(
                "AccessDenied" if call.form != "json" else "AccessDeniedException",
                text,
                403 if call.form != "json" else 400,
            )

    def _call(self, call: Asked, holder: Holder | None, status: int | None, error: str = "") -> Call:
        return Call(
            service=call.service, action=call.action, region=call.region, parameters=call.parameters, status=status, error=error,
            principal=holder.principal if holder else "", access_key=call.access_key or "", by_job=holder is not None and holder.inside,
            account=self.account,
        )  # fmt: skip

    def _note(self, call: Asked, holder: Holder | None, status: int | None, error: str = "") -> None:
        self.calls.append(self._call(call, holder, status, error))

    def _send(self, answer: Answer, start_response: StartResponse) -> Iterable[bytes]:
        headers = {**answer.headers}
        if not any(name.lower() == "content-length" for name in headers):
            headers["Content-Length"] = str(len(answer.body))
        start_response(f"{answer.status} Told", list(headers.items()))
        return [answer.body]

    def _cut(self, answer: Answer, after: int, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        self._send(answer, start_response)
        yield answer.body[:after]
        drop(environ)


def error_code(answer: Answer) -> str:
    """Return the code of an error of moto's, as far as it is easily read."""
    if answer.status < 400:
        return ""
    with contextlib.suppress(ValueError):
        return str(json.loads(answer.body).get("__type", "")).rpartition("#")[2]
    return answer.body.decode("utf-8", "replace").partition("<Code>")[2].partition("</Code>")[0]


def drop(environ: Environ) -> None:
    """End the connection without a further word."""
    connection: socket.socket = environ["werkzeug.socket"]
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionResetError


class Handler(MotoRequestHandler):
    """Says nothing, and does not make small answers wait."""

    disable_nagle_algorithm = True

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 (werkzeug's name)
        """Say nothing."""


class Server(ThreadedWSGIServer):
    """A server on loopback that ends with all its connections."""

    request_queue_size = 128

    def __init__(self, port: int, app: Any) -> None:
        super().__init__("127.0.0.1", port, app, Handler)
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering."""
        self.shutdown()
        self._thread.join()
        self.server_close()
