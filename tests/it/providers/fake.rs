//! A provider of which a test chooses every byte, and when a connection ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use shared::formats::Format;
use tests::wire::Wire;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Which request this is: of all, and of its connection, from 0.
#[derive(Clone, Copy, Debug)]
pub struct Nth {
    /// Of all.
    pub of_all: usize,
    /// Of its connection.
    pub of_connection: usize,
}

/// Listens until the test's runtime ends; gives the base URL. A request without an answer has its connection closed.
pub async fn provider(answer: impl Fn(Nth) -> Option<String> + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/v1", listener.local_addr().expect("an address"));
    let (answer, count) = (Arc::new(answer), Arc::new(AtomicUsize::new(0)));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (answer, count) = (Arc::clone(&answer), Arc::clone(&count));
            tokio::spawn(async move {
                for of_connection in 0.. {
                    if read_request(&mut stream).await.is_none() {
                        return;
                    }
                    let nth = Nth { of_all: count.fetch_add(1, Ordering::SeqCst), of_connection };
                    let Some(bytes) = answer(nth) else { return };
                    if stream.write_all(bytes.as_bytes()).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    url
}

async fn read_request(stream: &mut TcpStream) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8_lossy(&head).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")).expect("a length");
    let mut body = vec![0; length.trim().parse().expect("a number")];
    stream.read_exact(&mut body).await.ok().map(|_| ())
}

/// A response with this body, after which the connection is kept.
pub fn response(status: u16, content_type: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status} X\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n\r\n{body}")
}

/// A whole stream that says pong.
pub fn pong(wire: &Wire) -> String {
    let mut event = wire.upstream_event("pong");
    if wire.upstream() == Format::Responses {
        let usage = json!({"input_tokens": 6, "output_tokens": 1, "total_tokens": 7});
        let begun =
            |status: &str| json!({"id": "r", "object": "response", "status": status, "output": [], "usage": null});
        let item = |content: Value| json!({"type": "message", "id": "m", "role": "assistant", "content": content});
        let mut whole = begun("completed");
        whole["output"] = json!([item(json!([{"type": "output_text", "text": "pong", "annotations": []}]))]);
        whole["usage"] = usage;
        let events = [
            json!({"type": "response.created", "sequence_number": 0, "response": begun("in_progress")}),
            event,
            json!({"type": "response.completed", "sequence_number": 5, "response": whole}),
        ];
        let stream: String = events.iter().map(|event| wire.upstream_frame(event)).collect();
        return response(200, "text/event-stream", &stream);
    }
    if wire.upstream() == Format::Messages {
        let usage = json!({"input_tokens": 6, "output_tokens": 1});
        let start = json!({"type": "message_start", "message": {"id": "m", "type": "message", "role": "assistant", "content": []}});
        let block = json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}});
        let end = json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage});
        let events = [start, block, event, end, json!({"type": "message_stop"})];
        let stream: String = events.iter().map(|event| wire.upstream_frame(event)).collect();
        return response(200, "text/event-stream", &stream);
    }
    event["choices"][0]["finish_reason"] = json!("stop");
    let usage = json!({"choices": [], "usage": {"prompt_tokens": 6, "completion_tokens": 1}});
    let data = |event: &Value| format!("data: {event}\n\n");
    response(200, "text/event-stream", &format!("{}{}data: [DONE]\n\n", data(&event), data(&usage)))
}
