//! What a delivered message costs in CPU: the document rendered, and a signed webhook over the loopback.
//!
//! The receiver is a process of its own, so that its work does not count. `cargo bench -p chainbell-targets`.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench talks to whoever runs it and may stop anywhere"
)]

use std::{
    hint::black_box,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use chainbell_model::{Message, Outcome};
use chainbell_targets::{BuildContext, kinds, render_cloudevent, validate};

#[path = "../tests/it/message.rs"]
#[expect(dead_code, reason = "shared with the tests, which use all of it")]
mod message;

const DOCUMENTS: u32 = 200_000;
const WEBHOOKS: u32 = 40_000;
const AT_A_TIME: u32 = 16;
const SINK: &str = "as-the-receiver";

fn main() {
    if std::env::args().nth(1).as_deref() == Some(SINK) {
        return receive();
    }
    let message = message::message(message::facts());
    let started = Instant::now();
    for _ in 0..DOCUMENTS {
        black_box(render_cloudevent(black_box(&message)));
    }
    println!(
        "rendered: {:?} per document of {} bytes",
        started.elapsed() / DOCUMENTS,
        render_cloudevent(&message).len()
    );

    let mut receiver =
        Command::new(std::env::current_exe().unwrap()).arg(SINK).stdout(Stdio::piped()).spawn().unwrap();
    let mut port = String::new();
    BufReader::new(receiver.stdout.take().unwrap()).read_line(&mut port).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(deliver(port.trim(), &message));
    receiver.kill().unwrap();
    receiver.wait().unwrap();
}

async fn deliver(port: &str, message: &Message) {
    let table = serde_json::json!({
        "type": "webhook", "url": format!("http://127.0.0.1:{port}/hook"), "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    });
    let target = validate(kinds(), &table).unwrap().settings.build(&BuildContext::new(true)).unwrap();
    let (started, cpu) = (Instant::now(), cpu_time());
    let workers: Vec<_> = (0..AT_A_TIME)
        .map(|_| {
            let (target, batch) = (Arc::clone(&target), [message.clone()]);
            tokio::spawn(async move {
                for _ in 0..WEBHOOKS / AT_A_TIME {
                    let outcome = target.send(&batch).await.remove(0);
                    assert!(matches!(outcome, Outcome::Delivered { .. }), "{outcome:?}");
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.unwrap();
    }
    let (wall, cpu) = (started.elapsed(), cpu_time() - cpu);
    println!(
        "webhooks: {:?} CPU each, {:.0}/s at {AT_A_TIME} at a time",
        cpu / WEBHOOKS,
        f64::from(WEBHOOKS) / wall.as_secs_f64()
    );
}

/// User and system time of this process, in ticks of 10 ms; zero where the system does not tell it this way.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(") ").next().unwrap_or_default();
    let ticks: u64 =
        after_name.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

fn receive() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    println!("{}", listener.local_addr().unwrap().port());
    std::io::stdout().flush().unwrap();
    for stream in listener.incoming() {
        let stream = stream.unwrap();
        std::thread::spawn(move || answer_all(stream));
    }
}

fn answer_all(stream: TcpStream) {
    stream.set_nodelay(true).unwrap();
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    loop {
        let mut length = 0;
        loop {
            line.clear();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        if reader.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").is_err() {
            return;
        }
    }
}
