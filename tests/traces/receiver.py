"""A receiver of traces beside `cargo run`, which reads what comes by OpenTelemetry's own protocol buffers: an unknown member, a number or an
id of another form is an error there."""

import base64
import json
import os
import subprocess
import sys
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

HERE = Path(__file__).resolve()
MODELS = ["openai/gpt-4o-mini", "test/error-429"]
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def with_ids_in_base64(value):
    """OTLP writes ids in hex, and protocol buffers' JSON all bytes in base64."""
    if isinstance(value, list):
        return [with_ids_in_base64(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    ids = {"traceId", "spanId", "parentSpanId"}
    return {
        name: base64.b64encode(bytes.fromhex(entry)).decode() if name in ids else with_ids_in_base64(entry)
        for name, entry in value.items()
    }


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    came = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        Receiver.came.append((self.path, dict(self.headers), body))
        answer = json_format.MessageToJson(ExportTraceServiceResponse()).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


def calls():
    """What is traced: plain and streamed, served and failed."""
    for model in MODELS:
        for stream in [False, True]:
            body = json.dumps({"model": model, "stream": stream, "messages": [{"role": "user", "content": "Hello"}]})
            request = urllib.request.Request(os.environ["GATEWAY_BASE_URL"] + "/v1/chat/completions", body.encode(), {
                "authorization": "Bearer " + os.environ["GATEWAY_API_KEY"], "content-type": "application/json",
                "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"})
            try:
                urllib.request.urlopen(request).read()
            except urllib.error.HTTPError as refused:
                assert model == MODELS[1] and refused.code == 429, refused.read()


def attributes(span):
    return {attribute.key: attribute.value for attribute in span.attributes}


def check(came):
    assert len(came) == 2 * len(MODELS), len(came)
    for path, headers, body in came:
        headers = {name.lower(): value for name, value in headers.items()}
        assert (path, headers["content-type"], headers["x-team"]) == ("/v1/traces", "application/json", "a team"), (path, headers)
        assert b"Hello" not in body, body
        message = ExportTraceServiceRequest()
        json_format.ParseDict(with_ids_in_base64(json.loads(body)), message)
        [resource] = message.resource_spans
        [scope] = resource.scope_spans
        assert attributes(resource.resource)["service.name"].string_value == "gateway"
        call, *parts = scope.spans
        assert (call.kind, call.trace_id.hex()) == (Span.SPAN_KIND_SERVER, TRACE)
        known = attributes(call)
        served = known["gen_ai.request.model"].string_value == MODELS[0]
        assert call.status.code == (Status.STATUS_CODE_UNSET if served else Status.STATUS_CODE_ERROR), call
        if served:
            assert known["gen_ai.usage.input_tokens"].int_value > 0
            dollars = known["gen_ai.usage.cost"].double_value
            assert round(dollars * 1e9) == known["gateway.cost.nano_usd"].int_value > 0
        assert len({span.span_id for span in scope.spans}) == len(scope.spans) >= 6
        for part in parts:
            assert (part.kind, part.trace_id, part.parent_span_id) == (Span.SPAN_KIND_CLIENT, call.trace_id, call.span_id)
            assert call.start_time_unix_nano <= part.start_time_unix_nano <= part.end_time_unix_nano
            assert len(part.span_id) == 8
    print(f"{len(came)} traces, {sum(body.count(b'spanId') for _, _, body in came)} ids of spans")


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environment = os.environ | {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
        "OTEL_EXPORTER_OTLP_HEADERS": "x-team=a%20team",
    }
    # The gateway is stopped when the calls are over, and drains what it still has to send.
    subprocess.run([HERE.parents[2] / "scripts/with-gateway.sh", sys.executable, "-B", HERE, "calls"], env=environment, check=True)
    check(Receiver.came)


calls() if sys.argv[1:] == ["calls"] else main()
