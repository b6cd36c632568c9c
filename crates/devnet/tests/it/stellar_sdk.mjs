// Reads a simulated Stellar network with @stellar/stellar-sdk and prints what it saw as one line of JSON.
// Arguments: the HTTP URL, a demo contract, an asset's contract, a transaction's hash. STELLAR_SDK names the node_modules
// folder.

import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.env.STELLAR_SDK, "..", "here.js"));
const { rpc, contract, scValToNative, TransactionBuilder, xdr } = require("@stellar/stellar-sdk");

const [http, demo, asset, hash] = process.argv.slice(2);
const server = new rpc.Server(http, { allowHttp: true });
const hex = (bytes) => Buffer.from(bytes).toString("hex");

// Numbers beyond 2^53 come as BigInt.
const plain = (_, value) => (typeof value === "bigint" ? value.toString() : value);

async function readEvents(startLedger) {
  const events = [];
  for (let request = { startLedger, filters: [], limit: 50 }; ; ) {
    const page = await server.getEvents(request);
    for (const event of page.events) {
      const topics = event.topic.map(scValToNative);
      const value = scValToNative(event.value);
      events.push({ id: event.id, type: event.type, transaction: event.txHash, contract: event.contractId?.contractId(), topics, value });
    }
    if (page.events.length < 50) return events;
    request = { cursor: page.cursor, filters: [], limit: 50 };
  }
}

async function readTransactions(startLedger, passphrase) {
  const { transactions } = await server.getTransactions({ startLedger, pagination: { limit: 200 } });
  return transactions.map((one) => {
    const parsed = TransactionBuilder.fromXDR(one.envelopeXdr.toXdr("base64"), passphrase);
    return { status: one.status, hash: one.txHash, computed: hex(parsed.hash()), inner: Boolean(parsed.innerTransaction) === one.feeBump };
  });
}

async function readLedgers(startLedger) {
  const { ledgers } = await server.getLedgers({ startLedger, pagination: { limit: 200 } });
  return ledgers.map((one) => {
    const meta = one.metadataXdr[one.metadataXdr.type];
    return {
      sequence: one.sequence,
      hash: one.hash,
      previous: hex(one.headerXdr.header.previousLedgerHash.value),
      transactions: meta.txProcessing.map((processed) => hex(processed.result.transactionHash.value)),
    };
  });
}

// What the contract's code says of itself, and its events read by that.
async function readContract(startLedger) {
  const wasm = await server.getContractWasmByContractId(demo);
  const spec = await contract.Spec.fromWasm(wasm);
  const filters = [{ type: "contract", contractIds: [demo] }];
  const { events } = await server.getEvents({ startLedger, filters, limit: 1000 });
  return {
    bytes: wasm.length,
    functions: spec.funcs().map((one) => one.name.toString()),
    events: events.map((event) => ({ id: event.id, read: spec.parseEvent(event.topic, event.value) })),
  };
}

const health = await server.getHealth();
const network = await server.getNetwork();
// Before protocol 25 the answer lacks what the library reads of it.
const latest = network.protocolVersion < 25 ? null : await server.getLatestLedger();
const first = health.oldestLedger;
const one = await server.getTransaction(hash);
const absent = await server.getTransaction("00".repeat(32));
const instance = await server.getContractData(asset, xdr.ScVal.scvLedgerKeyContractInstance());
const seen = {
  health,
  network,
  latest: latest && { id: latest.id, sequence: latest.sequence },
  version: await server.getVersionInfo(),
  events: await readEvents(first),
  transactions: await readTransactions(first, network.passphrase),
  ledgers: await readLedgers(first),
  one: { status: one.status, ledger: one.ledger, returned: one.returnValue ? scValToNative(one.returnValue) : null },
  absent: absent.status,
  executable: instance.val.contractData.val.instance.executable.type,
  contract: await readContract(first),
};
await new Promise((resolve) => process.stdout.write(JSON.stringify(seen, plain), resolve));
