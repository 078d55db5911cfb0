use std::io::Write as _;
use std::sync::{Arc, Mutex};

use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::*;
use crate::config::ProxySettings;
use crate::connections::clients::Clients;

/// A server that answers each request with the next of these, and closes the connection where one is empty.
struct Server {
    address: String,
    /// Each request, with the number of its connection.
    asked: UnboundedReceiver<(usize, String)>,
}

impl Server {
    async fn with(answers: Vec<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let (says, asked) = unbounded_channel();
        let answers = Arc::new(Mutex::new(answers.into_iter()));
        tokio::spawn(async move {
            for number in 1.. {
                let (mut stream, _) = listener.accept().await.expect("a connection");
                let (says, answers) = (says.clone(), Arc::clone(&answers));
                tokio::spawn(async move {
                    while let Some(request) = request(&mut stream).await {
                        says.send((number, request)).expect("the test goes on");
                        let answer = answers.lock().expect("no panic").next();
                        match answer {
                            Some(answer) if !answer.is_empty() => stream.write_all(&answer).await.expect("a listener"),
                            _ => break,
                        }
                    }
                });
            }
        });
        Self { address, asked }
    }

    async fn asked(&mut self) -> (usize, String) {
        self.asked.recv().await.expect("a request")
    }
}

/// Head and body, whose end is told by `content-length`, as one text.
async fn request(stream: &mut TcpStream) -> Option<String> {
    let mut read = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&read).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() == length.map_or(0, |length| length.parse().expect("a number")) {
                return Some(text);
            }
        }
        let mut room = [0; 1024];
        let count = stream.read(&mut room).await.ok().filter(|count| *count > 0)?;
        read.extend_from_slice(&room[..count]);
    }
}

fn answer(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n{headers}\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn client(address: &str, proxies: ProxySettings) -> StoreClient {
    let clients = Clients::new(proxies).expect("clients");
    let web = clients.web().expect("a client");
    clients.store(&Url::parse(address).expect("a URL"), &web).expect("a server's address")
}

async fn post(client: &StoreClient, path: &str) -> Result<String, String> {
    post_over(Over::Kept, client, path).await.map_err(|unanswered| unanswered.reason)
}

async fn post_over(over: Over, client: &StoreClient, path: &str) -> Result<String, Unanswered> {
    let answer = client.post(path, client.headers(), Bytes::from_static(b"{}"), over).await?;
    Ok(String::from_utf8_lossy(&answer.body).into_owned())
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(plain).expect("memory");
    gzip.finish().expect("memory")
}

#[tokio::test]
async fn requests_go_behind_the_stores_own_path_over_one_connection() {
    let mut server = Server::with(vec![answer("", b"1"), answer("", b"2"), answer("", b"3")]).await;
    let at_path = client(&format!("{}/base/", server.address), ProxySettings::default());
    assert_eq!(post(&at_path, "/rest/v1/rpc/f").await, Ok("1".to_owned()));
    assert_eq!(post(&at_path, "").await, Ok("2".to_owned()));
    let host = server.address.strip_prefix("http://").expect("a scheme").to_owned();
    for line in ["POST /base/rest/v1/rpc/f HTTP/1.1", "POST /base HTTP/1.1"] {
        let (connection, request) = server.asked().await;
        assert_eq!((connection, request.lines().next()), (1, Some(line)));
        assert!(request.contains(&format!("\r\nhost: {host}\r\n")), "{request}");
        assert!(request.contains("\r\naccept-encoding: identity\r\n") && request.ends_with("\r\n\r\n{}"), "{request}");
    }
    assert!(post(&at_path, "/ ").await.is_err());
}

#[tokio::test]
async fn a_store_at_no_path_is_asked_at_its_root() {
    let mut server = Server::with(vec![answer("", b"1")]).await;
    assert_eq!(post(&client(&server.address, ProxySettings::default()), "").await, Ok("1".to_owned()));
    assert!(server.asked().await.1.starts_with("POST / HTTP/1.1\r\n"));
}

#[tokio::test]
async fn a_kept_connection_that_the_server_has_closed_is_replaced() {
    let closing = || answer("connection: close\r\n", b"1");
    let mut server = Server::with(vec![closing(), closing()]).await;
    let client = client(&server.address, ProxySettings::default());
    for connection in 1..=2 {
        assert_eq!(post(&client, "").await, Ok("1".to_owned()));
        assert_eq!(server.asked().await.0, connection);
    }
}

#[tokio::test]
async fn the_end_of_a_kept_connection_is_told_from_that_of_a_new_one() {
    let answers = vec![answer("", b"1"), Vec::new(), answer("", b"2"), Vec::new(), answer("", b"3")];
    let mut server = Server::with(answers).await;
    let client = client(&server.address, ProxySettings::default());
    let ended = async |over| post_over(over, &client, "").await.map_err(|unanswered| unanswered.kept_ended);
    assert_eq!(ended(Over::Kept).await, Ok("1".to_owned()));
    assert_eq!(ended(Over::Kept).await, Err(true));
    // Its own connection is kept for nobody.
    assert_eq!(ended(Over::New).await, Ok("2".to_owned()));
    assert_eq!(ended(Over::Kept).await, Err(false));
    assert_eq!(ended(Over::New).await, Ok("3".to_owned()));
    for connection in [1, 1, 2, 3, 4] {
        assert_eq!(server.asked().await.0, connection);
    }
}

#[tokio::test]
async fn a_connection_that_was_opened_ahead_is_the_first_requests() {
    let mut server = Server::with(vec![answer("", b"1")]).await;
    let client = client(&server.address, ProxySettings::default());
    client.open().await;
    assert_eq!(post(&client, "").await, Ok("1".to_owned()));
    let (connection, request) = server.asked().await;
    assert!(connection == 1 && request.starts_with("POST"), "{connection}: {request}");
}

#[tokio::test]
async fn what_comes_compressed_all_the_same_is_read() {
    let whole = gzip(b"a text");
    let cut = &whole[..whole.len() - 9];
    let server = Server::with(vec![
        answer("content-encoding: gzip\r\n", &whole),
        answer("content-encoding: identity\r\n", b"as it is"),
        answer("content-encoding: gzip\r\n", cut),
        answer("content-encoding: br\r\n", b"x"),
        Vec::new(),
    ]);
    let server = server.await;
    let client = client(&server.address, ProxySettings::default());
    assert_eq!(post(&client, "").await, Ok("a text".to_owned()));
    assert_eq!(post(&client, "").await, Ok("as it is".to_owned()));
    for word in ["gzip", "compressed by br", "connection closed"] {
        let told = post(&client, "").await.expect_err("no answer");
        assert!(told.contains(word), "{told}");
    }
}

#[tokio::test]
async fn a_proxy_stands_between_where_one_is_set() {
    let mut proxy = Server::with(vec![answer("", b"by proxy"), Vec::new()]).await;
    let url = Some(Url::parse(&proxy.address.replace("http://", "http://me:secret@")).expect("a URL"));
    let proxies = || ProxySettings { http: url.clone(), https: url.clone(), none: String::new() };
    let (http, https) = (client("http://store.example", proxies()), client("https://store.example", proxies()));
    assert_eq!(post(&http, "/path").await, Ok("by proxy".to_owned()));
    let told = post(&https, "/path").await.expect_err("the proxy hangs up");
    assert!(!told.contains("secret"), "{told}");
    let allowed = "proxy-authorization: Basic bWU6c2VjcmV0";
    for line in ["POST http://store.example/path HTTP/1.1", "CONNECT store.example:443 HTTP/1.1"] {
        let request = proxy.asked().await.1;
        assert_eq!(request.lines().next(), Some(line));
        assert!(request.to_lowercase().contains(&allowed.to_lowercase()), "{request}");
    }
    let mut own = Server::with(vec![answer("", b"directly")]).await;
    assert_eq!(post(&client(&own.address, proxies()), "").await, Ok("directly".to_owned()));
    assert!(own.asked().await.1.starts_with("POST / "));
}
