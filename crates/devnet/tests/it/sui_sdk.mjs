// Reads a simulated Sui network with @mysten/sui and prints what it saw as one line of JSON.
// Arguments: the URL, the addresses of the demo package and of its second version. SUI_SDK names the node_modules folder.

import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const require = createRequire(join(process.env.SUI_SDK, "..", "here.js"));
const load = (name) => import(pathToFileURL(require.resolve(name)));
const { SuiGrpcClient } = await load("@mysten/sui/grpc");
const { bcs } = await load("@mysten/sui/bcs");
const { TransactionDataBuilder } = await load("@mysten/sui/transactions");
const { GrpcTransport } = require("@protobuf-ts/grpc-transport");
const { ChannelCredentials } = require("@grpc/grpc-js");

const [url, original, upgraded] = process.argv.slice(2);
const transport = new GrpcTransport({ host: new URL(url).host, channelCredentials: ChannelCredentials.createInsecure() });
const client = new SuiGrpcClient({ network: "localnet", transport });
const Transferred = bcs.struct("Transferred", { from: bcs.Address, to: bcs.Address, amount: bcs.u64() });

async function command(body) {
  const response = await fetch(`${url}/devnet`, { method: "POST", body: JSON.stringify(body) });
  if (!response.ok) throw new Error(await response.text());
}

// The library takes the system's transactions apart no further than bytes.
const isSystem = (sender) => /^0x0+$/.test(sender);

async function readTransaction({ digest, sender }) {
  const transaction = !isSystem(sender);
  const include = { effects: true, events: true, balanceChanges: true, objectTypes: true, transaction, bcs: true };
  const read = await client.getTransaction({ digest, include });
  const told = read.Transaction ?? read.FailedTransaction;
  const events = told.events.map(({ packageId, module, sender, eventType, bcs: bytes, json }) => {
    const decoded = eventType.endsWith("::Transferred") ? Transferred.parse(bytes) : null;
    return { packageId, module, sender, eventType, contents: Array.from(bytes), json, decoded };
  });
  return {
    kind: read.$kind,
    digest: told.digest,
    computed: TransactionDataBuilder.getDigestFromBytes(told.bcs),
    sender: told.transaction?.sender ?? sender,
    status: told.status,
    gas: told.effects.gasUsed,
    types: told.objectTypes,
    balances: told.balanceChanges,
    events,
  };
}

async function readCheckpoints() {
  const { response: info } = await client.ledgerService.getServiceInfo({});
  const paths = ["sequence_number", "digest", "summary", "contents", "transactions.digest", "transactions.transaction.sender"];
  const list = client.ledgerService.listCheckpoints({
    readMask: { paths },
    startCheckpoint: 0n,
    endCheckpoint: info.checkpointHeight + 1n,
  });
  const checkpoints = [];
  for await (const { checkpoint } of list.responses) {
    if (!checkpoint) continue;
    checkpoints.push({
      height: Number(checkpoint.sequenceNumber),
      digest: checkpoint.digest,
      previous: checkpoint.summary.previousDigest ?? null,
      contents: checkpoint.contents.digest === checkpoint.summary.contentDigest,
      transactions: checkpoint.transactions.map(({ digest, transaction }) => ({ digest, sender: transaction.sender })),
    });
  }
  return checkpoints;
}

async function readPushes() {
  const call = client.subscriptionService.subscribeCheckpoints({ readMask: { paths: ["digest", "summary.timestamp"] } });
  await call.headers;
  await command({ mine: 3 });
  const pushed = [];
  for await (const { cursor, checkpoint } of call.responses) {
    pushed.push({ cursor: Number(cursor), digest: checkpoint.digest, seconds: Number(checkpoint.summary.timestamp.seconds) });
    if (pushed.length === 3) break;
  }
  return pushed;
}

const { chainIdentifier } = await client.getChainIdentifier();
const checkpoints = await readCheckpoints();
const transactions = [];
for (const checkpoint of checkpoints.slice(1)) {
  for (const one of checkpoint.transactions) transactions.push(await readTransaction(one));
}
const { response: described } = await client.movePackageService.getPackage({ packageId: upgraded });
const { function: trade } = await client.getMoveFunction({ packageId: original, moduleName: "market", name: "trade" });
const unknown = await client.getTransaction({ digest: chainIdentifier }).catch((error) => error.message);
const pushed = await readPushes();
const seen = JSON.stringify({
  chainIdentifier,
  checkpoints,
  transactions,
  package: {
    version: Number(described.package.version),
    datatypes: described.package.modules.flatMap(({ datatypes }) => datatypes.map(({ typeName }) => typeName)),
  },
  trade,
  unknown,
  pushed,
}, (_, value) => (typeof value === "bigint" ? value.toString() : value));
// The channel would keep the process alive; what is written to a pipe has to be through before.
process.stdout.write(`${seen}\n`, () => process.exit(0));
