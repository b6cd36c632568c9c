//! How fast the reference workload is served over loopback: 1,000,000 logs through `eth_getLogs` in ranges of 500 blocks, then
//! blocks and receipts one by one; the network on one thread and a client on another that only counts bytes.

#![expect(clippy::print_stdout, reason = "a bench shows what it measured")]

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Instant,
};

use anyhow::Context;
use chainbell_devnet::{EvmDevnet, EvmDevnetConfig};

const BLOCKS: u64 = 20_000;
const LOGS_PER_BLOCK: u64 = 50;
const RANGE: u64 = 500;

fn main() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let began = Instant::now();
    let config = EvmDevnetConfig::workload(BLOCKS, LOGS_PER_BLOCK, 50);
    let devnet = runtime.block_on(EvmDevnet::start(config))?;
    println!("start of a chain of {BLOCKS} blocks: {:.0?}", began.elapsed());

    let url = devnet.http_url();
    let mut client = Client::connect(url.strip_prefix("http://").context("the URL begins with its scheme")?)?;
    let ranges = (2..BLOCKS + 2)
        .step_by(RANGE as usize)
        .map(|from| format!(r#"[{{"fromBlock":"{from:#x}","toBlock":"{:#x}"}}]"#, from + RANGE - 1));
    client.measure("eth_getLogs", ranges, BLOCKS * LOGS_PER_BLOCK)?;
    let logs = devnet.stats().logs;
    anyhow::ensure!(logs == BLOCKS * LOGS_PER_BLOCK, "{logs} logs were served");
    let blocks = 2..2 + BLOCKS / 10;
    let count = BLOCKS / 10 * LOGS_PER_BLOCK;
    let numbers = |rest: &'static str| blocks.clone().map(move |number| format!(r#"["{number:#x}"{rest}]"#));
    client.measure("eth_getBlockByNumber", numbers(",true"), count)?;
    client.measure("eth_getBlockByNumber", numbers(",false"), count)?;
    client.measure("eth_getBlockReceipts", numbers(""), count)?;
    runtime.block_on(devnet.shutdown());
    Ok(())
}

/// One connection whose answers are only measured.
struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    fn connect(address: &str) -> anyhow::Result<Self> {
        Ok(Self { stream: TcpStream::connect(address)?, buffer: vec![0; 1 << 20] })
    }

    /// One request for each of `params`, which together hold `count` logs or transactions.
    fn measure(
        &mut self,
        method: &str,
        params: impl Iterator<Item = String>,
        count: u64,
    ) -> anyhow::Result<()> {
        let began = Instant::now();
        let mut bytes = 0;
        for params in params {
            bytes +=
                self.ask(&format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#))?;
        }
        let elapsed = began.elapsed();
        let rate = count as f64 / elapsed.as_secs_f64();
        println!("{method}: {count} in {elapsed:.2?}, {rate:.0}/s, {} MB", bytes / 1_000_000);
        Ok(())
    }

    /// Sends `body`, reads the answer to its end and returns its length.
    fn ask(&mut self, body: &str) -> anyhow::Result<usize> {
        let request =
            format!("POST / HTTP/1.1\r\nhost: devnet\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        self.stream.write_all(request.as_bytes())?;
        let mut head = Vec::new();
        let header_end = loop {
            let read = self.stream.read(&mut self.buffer)?;
            anyhow::ensure!(read > 0, "the connection ended");
            head.extend_from_slice(&self.buffer[..read]);
            if let Some(at) = head.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
        };
        let header = std::str::from_utf8(&head[..header_end])?;
        let length = header.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.context("the answer has a length")?.parse()?;
        let mut left = length - (head.len() - header_end);
        while left > 0 {
            let read = self.stream.read(&mut self.buffer)?;
            anyhow::ensure!(read > 0, "the connection ended in an answer");
            left -= read;
        }
        Ok(length)
    }
}
