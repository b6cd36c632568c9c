// Reads a simulated Solana network with @solana/web3.js and prints what it saw as one line of JSON.
// Arguments: the HTTP URL, the WebSocket URL, the address of a program. SOLANA_WEB3 names the node_modules folder.

import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.env.SOLANA_WEB3, "..", "here.js"));
const { Connection, PublicKey, VersionedTransaction } = require("@solana/web3.js");

const [http, ws, programText] = process.argv.slice(2);
const program = new PublicKey(programText);
const connection = new Connection(http, { commitment: "confirmed", wsEndpoint: ws });
const options = { commitment: "confirmed", maxSupportedTransactionVersion: 0 };

async function call(method, params) {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
  const headers = { "content-type": "application/json" };
  return (await (await fetch(http, { method: "POST", headers, body })).json()).result;
}

async function command(body) {
  const response = await fetch(`${http}/devnet`, { method: "POST", body: JSON.stringify(body) });
  if (!response.ok) throw new Error(await response.text());
}

async function until(what, condition) {
  for (let tries = 0; !condition(); tries++) {
    if (tries > 200) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function readBlocks() {
  const slots = await connection.getBlocks(0, undefined, "confirmed");
  const blocks = [];
  for (const slot of slots) {
    const block = await connection.getBlock(slot, options);
    const signatures = await connection.getBlockSignatures(slot, "confirmed");
    const ids = block.transactions.map(({ transaction }) => transaction.signatures[0]);
    if (JSON.stringify(ids) !== JSON.stringify(signatures.signatures)) throw new Error(`signatures of ${slot}`);
    blocks.push({
      slot,
      blockhash: block.blockhash,
      parentSlot: block.parentSlot,
      previousBlockhash: block.previousBlockhash,
      time: block.blockTime,
      failed: block.transactions.map(({ meta }) => meta.err !== null),
      signatures: ids,
    });
  }
  return blocks;
}

async function readHistory() {
  const history = [];
  for (;;) {
    const before = history.at(-1)?.signature;
    const page = await connection.getSignaturesForAddress(program, { before, limit: 10 }, "confirmed");
    history.push(...page);
    if (page.length < 10) return history;
  }
}

// Each transaction twice: as the library shows it, and from its bytes, which must be those of the message shown.
async function readTransaction(signature) {
  const shown = await connection.getTransaction(signature, options);
  const raw = await call("getTransaction", [signature, { ...options, encoding: "base64" }]);
  const bytes = Buffer.from(raw.transaction[0], "base64");
  const read = VersionedTransaction.deserialize(bytes);
  const message = Buffer.from(shown.transaction.message.serialize());
  if (!message.equals(Buffer.from(read.message.serialize()))) throw new Error(`bytes of ${signature}`);
  if (!Buffer.from(read.serialize()).equals(bytes)) throw new Error(`serialisation of ${signature}`);
  const keys = shown.transaction.message.getAccountKeys({ accountKeysFromLookups: shown.meta.loadedAddresses });
  return {
    signature,
    slot: shown.slot,
    version: shown.version,
    keys: keys.length,
    balances: shown.meta.preBalances.length,
    payer: keys.get(0).toBase58(),
    data: shown.meta.logMessages.filter((line) => line.startsWith("Program data: ")).length,
  };
}

async function listen() {
  const seen = { slots: [], roots: [], logs: [], signature: null };
  const ids = [
    connection.onSlotChange((info) => seen.slots.push(info)),
    connection.onRootChange((root) => seen.roots.push(root)),
    connection.onLogs(
      program,
      (logs, context) =>
        seen.logs.push({ slot: context.slot, signature: logs.signature, failed: logs.err !== null }),
      "confirmed",
    ),
  ];
  // The library subscribes in its own time: what it heard of shows that it has.
  for (let tries = 0; seen.slots.length * seen.roots.length === 0; tries++) {
    if (tries > 100) throw new Error("never subscribed");
    await command({ mine: 1 });
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const from = await connection.getSlot("processed");
  await command({ mine: 10 });
  const head = await connection.getSlot("processed");
  await until("the head", () => seen.slots.some(({ slot }) => slot === head));
  const confirmed = await connection.getSlot("confirmed");
  const block = await connection.getBlock(confirmed, options);
  const latest = block.transactions.at(-1).transaction.signatures[0];
  connection.onSignature(latest, (result) => (seen.signature = { latest, failed: result.err !== null }), "confirmed");
  await until("the signature", () => seen.signature !== null);
  const [slots, roots, logs] = ids;
  await connection.removeSlotChangeListener(slots);
  await connection.removeRootChangeListener(roots);
  await connection.removeOnLogsListener(logs);
  return { from, head, ...seen };
}

const version = await connection.getVersion();
const genesis = await connection.getGenesisHash();
const latest = await connection.getLatestBlockhash("finalized");
const epoch = await connection.getEpochInfo();
const balance = await connection.getBalance(program);
const account = await connection.getAccountInfo(program);
const blocks = await readBlocks();
const history = await readHistory();
const transactions = [];
for (const { signature } of history) transactions.push(await readTransaction(signature));
const statuses = await connection.getSignatureStatuses(history.slice(0, 3).map(({ signature }) => signature));
const pushed = await listen();

const report = {
  version,
  genesis,
  latest,
  epoch,
  balance,
  account,
  blocks,
  history,
  transactions,
  statuses: statuses.value,
  pushed,
};
// The library keeps its connection, so the end must be said; not before all is written.
process.stdout.write(JSON.stringify(report), () => process.exit(0));
