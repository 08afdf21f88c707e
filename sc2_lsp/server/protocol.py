"""JSON-RPC and the life cycle of LSP, on pygls' types, feature table and capabilities.

Replaces pygls' run loop, dispatch and document mirror: every request gets exactly one reply, a
cancelled one at once, and no message, however broken, ends the server. Logs ids, methods and types
of errors, never what a message holds.
"""

from __future__ import annotations

import asyncio
import contextvars
import enum
import inspect
import json
import logging
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from lsprotocol import types
from pygls.capabilities import ServerCapabilitiesBuilder
from pygls.exceptions import JsonRpcException
from pygls.protocol import LanguageServerProtocol

from sc2_lsp.server.convert import choose_encoding
from sc2_lsp.server.framing import Event, Junk
from sc2_lsp.server.messages import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    NOT_INITIALIZED,
    REQUEST_CANCELLED,
    Invalid,
    MessageId,
    Notification,
    Request,
    Response,
    parse_message,
)

logger = logging.getLogger(__name__)

T = TypeVar("T")

_WITHOUT_PARAMS = (types.SHUTDOWN, types.EXIT)
# Of every type, with all of their cells.
_NOTEBOOKS = types.NotebookDocumentSyncOptions([types.NotebookDocumentFilterWithNotebook("*")])


class _Phase(enum.Enum):
    FRESH = "fresh"
    RUNNING = "running"
    DOWN = "down"


class Protocol(LanguageServerProtocol):
    """Owns the phase of the session, the requests under way, and how many were cancelled."""

    _server: Any

    def __init__(self, server: Any, converter: Any) -> None:
        super().__init__(server, converter)
        self._phase = _Phase.FRESH
        self.n_cancelled = 0
        self._running: dict[MessageId, asyncio.Future[Any]] = {}
        self._write: Callable[[bytes], None] | None = None

    def _register_builtin_features(self) -> None:
        """Only these of pygls' own features; what concerns documents is left to the handlers."""
        for method, handler in (
            (types.INITIALIZE, self.initialize),
            (types.SHUTDOWN, self.shutdown),
            (types.EXIT, self.exit),
            (types.CANCEL_REQUEST, self.cancel),
            (types.SET_TRACE, self.set_trace),
        ):
            self.fm.add_builtin_feature(method, handler)

    @property
    def exit_code(self) -> int:
        """What LSP wants the process to end with if it ends now."""
        return 0 if self._phase is _Phase.DOWN else 1

    @property
    def is_running(self) -> bool:
        """Whether the client was told what the server can do, and may be asked."""
        return self._phase is _Phase.RUNNING

    def connect(self, write: Callable[[bytes], None]) -> None:
        """Send by `write`, which must not block, from now on."""
        self._write = write

    def structure(self, plain: Any, into: type[T]) -> T:
        """Plain JSON as a type of LSP's; raises what cattrs raises."""
        return self._converter.structure(plain, into)

    def receive(self, event: Event) -> None:
        """Handle the next piece of the stream; raises nothing."""
        if isinstance(event, Junk):
            logger.warning("Skipped input: %s.", event.reason)
            return
        message = parse_message(event)
        try:
            if isinstance(message, Request):
                self._receive_request(message)
            elif isinstance(message, Notification):
                self._receive_notification(message)
            elif isinstance(message, Response):
                self._receive_response(message)
            else:
                self._refuse(message)
        except Exception as error:
            logger.error("A message could not be handled.", exc_info=error)

    def cancel_requests(self) -> None:
        """Answer every request under way as cancelled."""
        for msg_id in tuple(self._running):
            self._cancel(msg_id)

    def initialize(self, params: types.InitializeParams) -> types.InitializeResult:
        """Let the feature's handler take what it needs, then say what the server can do."""
        self.client_capabilities = params.capabilities
        handler = self.fm.features.get(types.INITIALIZE)
        if handler is not None:
            handler(params)
        builder: Any = ServerCapabilitiesBuilder(
            self.client_capabilities,
            {*self.fm.features, *self.fm.builtin_features},
            self.fm.feature_options,
            list(self.fm.commands),
            types.TextDocumentSyncKind.Incremental,
            _NOTEBOOKS,
            choose_encoding(self.client_capabilities),
        )
        self.server_capabilities = builder.build()
        self._phase = _Phase.RUNNING
        return types.InitializeResult(self.server_capabilities, self.server_info)

    def shutdown(self, params: None) -> None:
        """Cancel what is under way and take no more requests."""
        self.cancel_requests()
        self._phase = _Phase.DOWN

    def exit(self, params: None) -> None:
        self._server.stop(self.exit_code)

    def cancel(self, params: types.CancelParams) -> None:
        self._cancel(params.id)

    def set_trace(self, params: types.SetTraceParams) -> None:
        self.trace = params.value

    def _receive_request(self, request: Request) -> None:
        refusal = self._refusal(request)
        if refusal is not None:
            self._refuse(refusal)
            return
        try:
            params = self._structure_params(request)
        except Exception as error:
            logger.warning("Request %.80r has wrong parameters.", request.id, exc_info=error)
            self._send_error(request.id, INVALID_PARAMS, f"Wrong parameters of '{request.method}'.")
            return
        contextvars.copy_context().run(self._start_request, request, params)

    def _refusal(self, request: Request) -> Invalid | None:
        if request.id in self._running:
            return Invalid(request.id, INVALID_REQUEST, "A request with this id is under way.")
        if self._phase is _Phase.DOWN:
            return Invalid(request.id, INVALID_REQUEST, "The server is shutting down.")
        if self._phase is _Phase.FRESH and request.method != types.INITIALIZE:
            return Invalid(request.id, NOT_INITIALIZED, "The server is not initialized.")
        if self._phase is _Phase.RUNNING and request.method == types.INITIALIZE:
            return Invalid(request.id, INVALID_REQUEST, "The server is initialized already.")
        if self._find_handler(request.method) is None or not self._is_request(request.method):
            return Invalid(request.id, METHOD_NOT_FOUND, f"Unknown method '{request.method:.80}'.")
        return None

    def _refuse(self, message: Invalid) -> None:
        logger.warning("Refused a message: %s", message.reason)
        self._send_error(message.id, message.code, message.reason)

    def _receive_notification(self, notification: Notification) -> None:
        method = notification.method
        if self._phase is not _Phase.RUNNING and method != types.EXIT:
            return
        handler = self._find_handler(method)
        if handler is None or self._is_request(method):
            logger.info("Ignored the notification %.80r.", method)
            return
        try:
            params = self._structure_params(notification)
        except Exception as error:
            logger.warning("Notification %r has wrong parameters.", method, exc_info=error)
            return
        try:
            handler(params)
        except Exception as error:
            logger.error("Notification %r failed.", method, exc_info=error)

    def _find_handler(self, method: str) -> Any:
        return self.fm.builtin_features.get(method) or self.fm.features.get(method)

    def _is_request(self, method: str) -> bool:
        return self.get_result_type(method) is not None

    def _structure_params(self, message: Request | Notification) -> Any:
        """The parameters as the type of the method has them; raises what cattrs raises."""
        if message.method in _WITHOUT_PARAMS:
            return None
        content = message.content
        if content.get("params") is None:
            content = {**content, "params": {}}
        message_type: Any = self.get_message_type(message.method)
        return self._converter.structure(content, message_type).params

    def _start_request(self, request: Request, params: Any) -> None:
        self._ctx_msg_id.set(request.id)
        try:
            result = self._find_handler(request.method)(params)
        except Exception as error:
            self._send_failure(request.id, error)
            return
        if not inspect.isawaitable(result):
            self._send_result(request.id, result)
            return
        future = asyncio.ensure_future(result)
        self._running[request.id] = future
        future.add_done_callback(partial(self._finish_request, request.id))

    def _finish_request(self, msg_id: MessageId, future: asyncio.Future[Any]) -> None:
        error = None if future.cancelled() else future.exception()
        if self._running.get(msg_id) is not future:
            return  # It was cancelled, and so answered, before.
        del self._running[msg_id]
        if future.cancelled():
            self._send_cancelled(msg_id)
        elif error is not None:
            self._send_failure(msg_id, error)
        else:
            self._send_result(msg_id, future.result())

    def _cancel(self, msg_id: MessageId) -> None:
        future = self._running.pop(msg_id, None)
        if future is not None:
            future.cancel()
            self._send_cancelled(msg_id)

    def _receive_response(self, response: Response) -> None:
        """Hand an answer of the client to whoever awaits it."""
        future = self._request_futures.pop(response.id, None)  # type: ignore[arg-type]
        result_type = self._result_types.pop(response.id, None)  # type: ignore[arg-type]
        if future is None or not future.set_running_or_notify_cancel():
            return
        try:
            if response.content.get("error") is not None:
                raise JsonRpcException("The client refused the request.")
            future.set_result(self._converter.structure(response.content, result_type).result)
        except Exception as error:
            future.set_exception(error)

    def _send_result(self, msg_id: MessageId, result: Any) -> None:
        try:
            plain = self._converter.unstructure(result)
            self._send_data({"jsonrpc": "2.0", "id": msg_id, "result": plain})
        except Exception as error:
            self._send_failure(msg_id, error)

    def _send_cancelled(self, msg_id: MessageId) -> None:
        self.n_cancelled += 1
        self._send_error(msg_id, REQUEST_CANCELLED, "The request was cancelled.")

    def _send_failure(self, msg_id: MessageId, error: BaseException) -> None:
        if isinstance(error, JsonRpcException):
            self._send_error(msg_id, error.code, error.message)
            return
        logger.error("Request %.80r failed.", msg_id, exc_info=error)
        self._send_error(msg_id, INTERNAL_ERROR, "The request failed.")

    def _send_error(self, msg_id: MessageId | None, code: int, message: str) -> None:
        error = {"code": code, "message": message}
        self._send_data({"jsonrpc": "2.0", "id": msg_id, "error": error})

    def _send_data(self, data: Any) -> None:
        """Queue a message. ASCII alone, so a lone surrogate in it can be written too."""
        if self._write is None:
            return
        body = json.dumps(data, default=self._serialize_message).encode("ascii")
        self._write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
