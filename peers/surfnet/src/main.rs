//! A real Solana runtime with RPC and PubSub, for tests: `surfnet ID=PROGRAM.so ...` deploys programs and prints the URLs as
//! JSON. Each line `ID:HEX[,ID:HEX…]` on standard input sends one transaction with an instruction for each part, whose
//! data is HEX; a part `ID:HEX!` names an account, which programs that take none refuse. The answer is the signature.

use std::io::{BufRead as _, Write as _};

use solana_instruction::{AccountMeta, Instruction};
use solana_rpc_client_api::config::RpcSendTransactionConfig;
use solana_transaction::Transaction;
use surfpool_sdk::{BlockProductionMode, Pubkey, Signer as _, Surfnet, cheatcodes::builders::DeployProgram};

type Failure = Box<dyn std::error::Error>;

fn instruction(part: &str, payer: Pubkey) -> Result<Instruction, Failure> {
    let (program, data) = part.split_once(':').ok_or("a part is ID:HEX")?;
    let (data, accounts) = match data.strip_suffix('!') {
        Some(data) => (data, vec![AccountMeta::new(payer, true)]),
        None => (data, Vec::new()),
    };
    let byte = |at: usize| u8::from_str_radix(data.get(at..at + 2).unwrap_or("?"), 16);
    let data = (0..data.len()).step_by(2).map(byte).collect::<Result<Vec<u8>, _>>()?;
    Ok(Instruction::new_with_bytes(program.parse()?, &data, accounts))
}

fn send(surfnet: &Surfnet, line: &str) -> Result<String, Failure> {
    let payer = surfnet.payer();
    let instructions =
        line.split(',').map(|part| instruction(part, payer.pubkey())).collect::<Result<Vec<_>, _>>()?;
    let rpc = surfnet.rpc_client();
    let blockhash = rpc.get_latest_blockhash()?;
    let transaction =
        Transaction::new_signed_with_payer(&instructions, Some(&payer.pubkey()), &[payer], blockhash);
    let config = RpcSendTransactionConfig { skip_preflight: true, ..Default::default() };
    Ok(rpc.send_transaction_with_config(&transaction, config)?.to_string())
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let surfnet = Surfnet::builder()
        .offline(true)
        .block_production_mode(BlockProductionMode::Clock)
        .slot_time_ms(100)
        .start()
        .await?;
    for argument in std::env::args().skip(1) {
        let (id, path) = argument.split_once('=').ok_or("an argument is ID=PROGRAM.so")?;
        surfnet.cheatcodes().deploy(DeployProgram::new(id.parse()?).so_path(path))?;
    }
    let mut out = std::io::stdout();
    writeln!(out, "{}", serde_json::json!({"rpc": surfnet.rpc_url(), "ws": surfnet.ws_url()}))?;
    out.flush()?;
    for line in std::io::stdin().lock().lines() {
        match send(&surfnet, line?.trim()) {
            Ok(signature) => writeln!(out, "{signature}")?,
            Err(error) => writeln!(out, "error: {error}")?,
        }
        out.flush()?;
    }
    Ok(())
}
