//! A server that writes bytes to the wire as they are, for what no HTTP library would send.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use criteo_api::BaseUrl;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// Each connection carries one request. Tokens are issued; of the rest, the script decides by
/// number, from 1.
pub(crate) async fn start<F>(
    script: impl Fn(usize, TcpStream) -> F + Send + Sync + 'static,
) -> (BaseUrl, Arc<AtomicUsize>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = BaseUrl::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&calls);
    let script = Arc::new(script);
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let counter = Arc::clone(&counter);
            let script = Arc::clone(&script);
            tokio::spawn(async move {
                let request = read_request(&mut connection).await;
                if request.starts_with("POST /oauth2/token ") {
                    let body =
                        r#"{"access_token":"t-1234","token_type":"bearer","expires_in":900}"#;
                    write_response(&mut connection, body.len(), body).await;
                } else {
                    script(counter.fetch_add(1, Ordering::SeqCst) + 1, connection).await;
                }
            });
        }
    });
    (base_url, calls)
}

async fn read_request(connection: &mut TcpStream) -> String {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    loop {
        let count = connection.read(&mut buffer).await.unwrap();
        text.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .map_or(0, |(_, value)| value.parse::<usize>().unwrap());
        if body.len() >= length {
            return text;
        }
    }
}

/// Writes an answer that declares some length, whatever its body has, and ends the connection.
pub(crate) async fn write_response(connection: &mut TcpStream, declared: usize, body: &str) {
    let response = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {declared}\r\nconnection: close\r\n\r\n{body}"
    );
    connection.write_all(response.as_bytes()).await.unwrap();
    connection.shutdown().await.unwrap();
}

/// Ends a connection by a reset, as a dying load balancer does.
pub(crate) fn reset(connection: TcpStream) {
    connection.set_zero_linger().unwrap();
    drop(connection);
}
