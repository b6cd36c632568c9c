//! A receiver at the wire: records what it gets and answers any bytes, at any pace.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

/// A request as it came. Header names are in lower case.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) request_line: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
}

/// What to answer to every request.
#[derive(Clone, Debug)]
pub(crate) enum Behaviour {
    /// These bytes; the connection stays.
    Answer(Vec<u8>),
    /// These bytes, then a byte now and then for ever.
    Trickle(Vec<u8>),
    /// These bytes, then as much as the other side takes.
    Flood(Vec<u8>),
    /// Nothing, for ever.
    Silence,
    /// The connection is closed.
    HangUp,
}

impl Behaviour {
    pub(crate) fn status(line: &str, extra_headers: &str, body: &str) -> Self {
        let length = body.len();
        Self::Answer(
            format!("HTTP/1.1 {line}\r\n{extra_headers}content-length: {length}\r\n\r\n{body}").into_bytes(),
        )
    }
}

pub(crate) struct Receiver {
    pub(crate) port: u16,
    received: Arc<Mutex<Vec<Received>>>,
    connections: Arc<AtomicUsize>,
    flooded_bytes: Arc<AtomicUsize>,
}

impl Receiver {
    pub(crate) async fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self {
            port: listener.local_addr().unwrap().port(),
            received: Arc::default(),
            connections: Arc::default(),
            flooded_bytes: Arc::default(),
        };
        let (received, connections) = (receiver.received.clone(), receiver.connections.clone());
        let flooded_bytes = receiver.flooded_bytes.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, behaviour.clone(), received.clone(), flooded_bytes.clone()));
            }
        });
        receiver
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook", self.port)
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn flooded_bytes(&self) -> usize {
        self.flooded_bytes.load(Ordering::SeqCst)
    }
}

async fn serve(
    stream: TcpStream,
    behaviour: Behaviour,
    received: Arc<Mutex<Vec<Received>>>,
    flooded_bytes: Arc<AtomicUsize>,
) {
    let mut stream = BufReader::new(stream);
    while let Some(request) = read_request(&mut stream).await {
        received.lock().unwrap().push(request);
        let done = match &behaviour {
            Behaviour::Answer(bytes) => stream.write_all(bytes).await,
            Behaviour::Trickle(bytes) => {
                let mut sent = stream.write_all(bytes).await;
                while sent.is_ok() {
                    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                    sent = stream.write_all(b".").await;
                }
                sent
            }
            Behaviour::Flood(bytes) => {
                let mut sent = stream.write_all(bytes).await;
                while sent.is_ok() {
                    sent = stream.write_all(&[b'x'; 4096]).await;
                    flooded_bytes.fetch_add(4096, Ordering::SeqCst);
                }
                sent
            }
            Behaviour::Silence => std::future::pending().await,
            Behaviour::HangUp => return,
        };
        if done.is_err() {
            return;
        }
    }
}

async fn read_request(stream: &mut BufReader<TcpStream>) -> Option<Received> {
    let mut request_line = String::new();
    stream.read_line(&mut request_line).await.ok().filter(|read| *read > 0)?;
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length").map_or(0, |length: &String| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(Received { request_line: request_line.trim_end().to_owned(), headers, body })
}
