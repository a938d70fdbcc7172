//! A network between the destination and the server, which breaks when it is told to.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// When a connection breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Break {
    /// The request to commit never arrives.
    BeforeCommit,
    /// The request to commit is carried out, and the answer never arrives.
    AfterCommit,
}

/// Passes bytes on, unencrypted. The first connections whose client asks to commit break.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    to_break: Arc<AtomicU32>,
}

impl Proxy {
    /// A proxy in front of a server on this machine.
    pub(crate) async fn start(server_port: u16, moment: Break) -> Proxy {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let to_break = Arc::new(AtomicU32::new(0));
        let proxy = Proxy {
            port,
            to_break: Arc::clone(&to_break),
        };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(("127.0.0.1", server_port))
                    .await
                    .unwrap();
                tokio::spawn(pass_on(client, server, moment, Arc::clone(&to_break)));
            }
        });
        proxy
    }

    /// Lets the next so many commits break their connections.
    pub(crate) fn break_commits(&self, count: u32) {
        self.to_break.store(count, Ordering::SeqCst);
    }

    /// The commits that are still to break.
    pub(crate) fn unbroken(&self) -> u32 {
        self.to_break.load(Ordering::SeqCst)
    }
}

async fn pass_on(
    mut client: TcpStream,
    mut server: TcpStream,
    moment: Break,
    to_break: Arc<AtomicU32>,
) {
    let mut request = vec![0; 64 * 1024];
    let mut answer = vec![0; 64 * 1024];
    loop {
        tokio::select! {
            length = client.read(&mut request) => {
                let Ok(length @ 1..) = length else { return };
                let request = &request[..length];
                // A simple query: its letter, its length, its text.
                let commits = request.windows(12).any(|bytes| bytes == b"Q\0\0\0\x0bCOMMIT\0");
                let breaks = commits
                    && to_break
                        .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |count| count.checked_sub(1))
                        .is_ok();
                if breaks && moment == Break::BeforeCommit {
                    return;
                }
                if server.write_all(request).await.is_err() {
                    return;
                }
                if breaks {
                    // The answer says that it is done, and goes nowhere.
                    let _ = server.read(&mut answer).await;
                    return;
                }
            }
            length = server.read(&mut answer) => {
                let Ok(length @ 1..) = length else { return };
                if client.write_all(&answer[..length]).await.is_err() {
                    return;
                }
            }
        }
    }
}
