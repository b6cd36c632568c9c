//! Events and calls recorded from the main network decode to what another indexer made of them.
//!
//! The layouts are those of DeepBook's own sources.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use chainbell_model::{Decoder, Dialect, Interface, Payload, value};
use chainbell_sui::{
    SuiDialect,
    payload::{self, Argument, CallParts, EventParts},
};
use serde_json::Value as Json;
use sui_sdk_types::{Argument as Input, CheckpointData, Command, Input as Given, TransactionKind};

const LAYOUTS: &str = "
    order_info::OrderFilled { pool_id: ID, maker_order_id: u128, taker_order_id: u128, maker_client_order_id: u64, taker_client_order_id: u64, price: u64, taker_is_bid: bool, taker_fee: u64, taker_fee_is_deep: bool, maker_fee: u64, maker_fee_is_deep: bool, base_quantity: u64, quote_quantity: u64, maker_balance_manager_id: ID, taker_balance_manager_id: ID, timestamp: u64 }
    order_info::OrderPlaced { balance_manager_id: ID, pool_id: ID, order_id: u128, client_order_id: u64, trader: address, price: u64, is_bid: bool, placed_quantity: u64, expire_timestamp: u64, timestamp: u64 }
    order_info::OrderInfo { pool_id: ID, order_id: u128, balance_manager_id: ID, client_order_id: u64, trader: address, order_type: u8, self_matching_option: u8, price: u64, is_bid: bool, original_quantity: u64, order_deep_price: OrderDeepPrice, expire_timestamp: u64, executed_quantity: u64, cumulative_quote_quantity: u64, fills: vector<Fill>, fee_is_deep: bool, epoch: u64, paid_fees: u64, maker_fees: u64, status: u8, market_order: bool, fill_limit_reached: bool, order_inserted: bool, timestamp: u64 }
    deep_price::OrderDeepPrice { asset_is_base: bool, deep_per_asset: u64 }
    fill::Fill { maker_order_id: u128, maker_client_order_id: u64, execution_price: u64, balance_manager_id: ID, expired: bool, completed: bool, original_maker_quantity: u64, base_quantity: u64, quote_quantity: u64, taker_is_bid: bool, maker_epoch: u64, maker_deep_price: OrderDeepPrice, taker_fee: u64, taker_fee_is_deep: bool, maker_fee: u64, maker_fee_is_deep: bool }
    order::OrderCanceled { balance_manager_id: ID, pool_id: ID, order_id: u128, client_order_id: u64, trader: address, price: u64, is_bid: bool, original_quantity: u64, base_asset_quantity_canceled: u64, timestamp: u64 }
    balance_manager::BalanceEvent { balance_manager_id: ID, asset: TypeName, amount: u64, deposit: bool }
    balance_manager::DeepBookReferralCreatedEvent { referral_id: ID, owner: address }
    balance_manager::DeepBookReferralSetEvent { referral_id: ID, balance_manager_id: ID }
    pool::PoolCreated<phantom Base, phantom Quote> { pool_id: ID, taker_fee: u64, maker_fee: u64, tick_size: u64, lot_size: u64, min_size: u64, whitelisted_pool: bool, treasury_address: address }
    pool::BookParamsUpdated<phantom Base, phantom Quote> { pool_id: ID, tick_size: u64, lot_size: u64, min_size: u64, timestamp: u64 }
    pool::ReferralClaimed { pool_id: ID, referral_id: ID, owner: address, base_amount: u64, quote_amount: u64, deep_amount: u64 }
    ewma::EWMAUpdate { pool_id: ID, gas_price: u64, mean: u64, variance: u64, timestamp: u64 }
    vault::FlashLoanBorrowed { pool_id: ID, borrow_quantity: u64, type_name: TypeName }
    margin_pool::AssetSupplied { margin_pool_id: ID, asset_type: TypeName, supplier: ID, amount: u64, shares: u64, timestamp: u64 }
    margin_pool::AssetWithdrawn { margin_pool_id: ID, asset_type: TypeName, supplier: ID, amount: u64, shares: u64, timestamp: u64 }
    margin_pool::DeepbookPoolUpdated { margin_pool_id: ID, deepbook_pool_id: ID, pool_cap_id: ID, enabled: bool, timestamp: u64 }
    margin_pool::SupplierCapMinted { supplier_cap_id: ID, timestamp: u64 }
    margin_manager::LoanBorrowedEvent { margin_manager_id: ID, margin_pool_id: ID, loan_amount: u64, loan_shares: u64, timestamp: u64 }
    margin_manager::MarginManagerCreatedEvent { margin_manager_id: ID, balance_manager_id: ID, deepbook_pool_id: ID, owner: address, timestamp: u64 }
    margin_manager::DepositCollateralEvent { margin_manager_id: ID, amount: u64, asset: TypeName, pyth_price: u64, pyth_decimals: u8, timestamp: u64 }
    margin_registry::MaintainerCapUpdated { maintainer_cap_id: ID, allowed: bool, timestamp: u64 }
    margin_registry::DeepbookPoolRegistered { pool_id: ID, config: PoolConfig, timestamp: u64 }
    margin_registry::DeepbookPoolUpdated { pool_id: ID, enabled: bool, timestamp: u64 }
    margin_registry::PoolConfig { base_margin_pool_id: ID, quote_margin_pool_id: ID, risk_ratios: RiskRatios, user_liquidation_reward: u64, pool_liquidation_reward: u64, enabled: bool, extra_fields: VecMap<String, u64> }
    margin_registry::RiskRatios { min_withdraw_risk_ratio: u64, min_borrow_risk_ratio: u64, liquidation_risk_ratio: u64, target_liquidation_risk_ratio: u64 }
    protocol_fees::ProtocolFeesIncreasedEvent { margin_pool_id: ID, total_shares: u64, referral_fees: u64, maintainer_fees: u64, protocol_fees: u64 }
    protocol_fees::ReferralFeesClaimedEvent { referral_id: ID, owner: address, fees: u64 }
    tpsl::ConditionalOrderAdded { manager_id: ID, conditional_order_id: u64, conditional_order: ConditionalOrder, timestamp: u64 }
    tpsl::ConditionalOrder { conditional_order_id: u64, condition: Condition, pending_order: PendingOrder }
    tpsl::Condition { trigger_below_price: bool, trigger_price: u64 }
    tpsl::PendingOrder { is_limit_order: bool, client_order_id: u64, order_type: Option<u8>, self_matching_option: u8, price: Option<u64>, quantity: u64, is_bid: bool, pay_with_deep: bool, expire_timestamp: Option<u64> }
";

/// A snapshot, the types of the events in it, and what it calls some fields.
type Case = (&'static str, &'static [&'static str], &'static [(&'static str, &'static str)]);

#[rustfmt::skip]
const CASES: [Case; 23] = [
    ("order_fill", &["order_info::OrderFilled"], &[]),
    ("order_update", &["order_info::OrderPlaced", "order::OrderCanceled"], &[("original_quantity", "placed_quantity")]),
    ("balances", &["balance_manager::BalanceEvent"], &[]),
    ("balances_indirect", &["balance_manager::BalanceEvent"], &[]),
    ("pool_created", &["pool::PoolCreated"], &[]),
    ("book_params_updated", &["pool::BookParamsUpdated"], &[]),
    ("referral_claimed", &["pool::ReferralClaimed"], &[]),
    ("ewma_updates", &["ewma::EWMAUpdate"], &[]),
    ("asset_supplied", &["margin_pool::AssetSupplied"], &[]),
    ("asset_withdrawn", &["margin_pool::AssetWithdrawn"], &[]),
    ("deepbook_pool_updated", &["margin_pool::DeepbookPoolUpdated"], &[]),
    ("supplier_cap_minted", &["margin_pool::SupplierCapMinted"], &[]),
    ("loan_borrowed", &["margin_manager::LoanBorrowedEvent"], &[]),
    ("margin_manager_created", &["margin_manager::MarginManagerCreatedEvent"], &[]),
    ("deposit_collateral", &["margin_manager::DepositCollateralEvent"], &[("asset_type", "asset")]),
    ("maintainer_cap_updated", &["margin_registry::MaintainerCapUpdated"], &[]),
    ("deepbook_pool_registered", &["margin_registry::DeepbookPoolRegistered"], &[]),
    ("deepbook_pool_updated_registry", &["margin_registry::DeepbookPoolUpdated"], &[]),
    ("deepbook_referral_created", &["balance_manager::DeepBookReferralCreatedEvent"], &[]),
    ("deepbook_referral_set", &["balance_manager::DeepBookReferralSetEvent"], &[]),
    ("protocol_fees_increased", &["protocol_fees::ProtocolFeesIncreasedEvent"], &[]),
    ("referral_fees_claimed", &["protocol_fees::ReferralFeesClaimedEvent"], &[]),
    ("conditional_order_added", &["tpsl::ConditionalOrderAdded"], &[]),
];

fn folder() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures/sui/deepbook");
    if !path.is_dir() {
        // Straight to the terminal: the harness shows what is printed only when a test fails.
        let _ = writeln!(io::stderr(), "SKIPPED: the recorded data is absent ({})", path.display());
        return None;
    }
    Some(path)
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn interface() -> Arc<dyn Interface> {
    SuiDialect.interface(LAYOUTS.as_bytes()).unwrap()
}

fn id(text: &str) -> [u8; 32] {
    (*SuiDialect.parse_address(text).unwrap()).try_into().unwrap()
}

struct Recorded {
    /// Transaction digest and place of the event, as the snapshots write them.
    digest: String,
    tag: String,
    payload: Payload,
}

impl Recorded {
    fn all(folder: &Path) -> Vec<Self> {
        text(&folder.join("events.expected.jsonl")).lines().map(Self::read).collect()
    }

    fn read(line: &str) -> Self {
        let json: Json = serde_json::from_str(line).unwrap();
        let word = |key: &str| json[key].as_str().unwrap();
        let contents = const_hex::decode(word("contentsHex")).unwrap();
        let payload = payload::event(&EventParts {
            package: id(word("package")),
            module: word("module"),
            sender: id(word("sender")),
            struct_tag: word("type"),
            contents: &contents,
            json: None,
        });
        let digest = format!("{}{}", word("tx"), json["eventIndex"]);
        Self { digest, tag: word("type").to_owned(), payload }
    }

    /// `module::Name` of the type.
    fn short(&self) -> &str {
        let path = self.tag.split('<').next().unwrap();
        path.split_once("::").unwrap().1
    }

    fn decoded(&self, decoder: &dyn Decoder) -> Json {
        let mut values = Vec::new();
        decoder.decode(&self.payload, u64::MAX, &mut values).unwrap();
        as_json(decoder, &values)
    }
}

fn as_json(decoder: &dyn Decoder, values: &[Option<chainbell_model::Value>]) -> Json {
    let mut out = String::new();
    value::write_json_record(decoder.schema(), values.iter().map(Option::as_ref), &SuiDialect, &mut out);
    serde_json::from_str(&out).unwrap()
}

/// Every scalar in it by its own name, as text.
fn flat(json: &Json, into: &mut BTreeMap<String, String>) {
    let Json::Object(fields) = json else { return };
    for (name, value) in fields {
        match value {
            Json::Object(_) => flat(value, into),
            Json::String(text) => drop(into.insert(name.clone(), text.clone())),
            Json::Number(_) | Json::Bool(_) => drop(into.insert(name.clone(), value.to_string())),
            Json::Array(_) | Json::Null => {}
        }
    }
}

#[test]
fn events_decode_to_what_another_indexer_made_of_them() {
    let Some(folder) = folder() else { return };
    let recorded: HashMap<_, _> =
        Recorded::all(&folder).into_iter().map(|it| (it.digest.clone(), it)).collect();
    let interface = interface();
    let (mut rows, mut compared) = (0, 0);
    for (case, types, renamed) in CASES {
        let snapshot = text(&folder.join(format!("expected/{case}.snap")));
        let expected: Vec<Json> = serde_json::from_str(&snapshot[snapshot.find("\n[").unwrap()..]).unwrap();
        assert!(!expected.is_empty(), "{case}");
        for row in expected {
            let event = &recorded[row["event_digest"].as_str().unwrap()];
            assert!(types.contains(&event.short()), "{case}: {}", event.tag);
            let decoder = interface.events(event.short()).unwrap().remove(0);
            let mut ours = BTreeMap::new();
            flat(&event.decoded(&*decoder), &mut ours);
            assert_eq!(row["sender"], ours["sender"].as_str(), "{case}");
            compared += compare(case, &row, &ours, renamed);
            rows += 1;
        }
    }
    assert_eq!((rows, compared), (45, 289));
    let _ = writeln!(io::stderr(), "{rows} recorded events agree in {compared} values");
}

/// What the snapshots add of their own, and what they know of the transaction.
const NOT_OF_THE_EVENT: [&str; 10] = [
    "event_digest",
    "digest",
    "sender",
    "checkpoint",
    "timestamp",
    "checkpoint_timestamp_ms",
    "package",
    "status",
    "event_type",
    "config_json",
];

fn compare(case: &str, row: &Json, ours: &BTreeMap<String, String>, renamed: &[(&str, &str)]) -> usize {
    let mut theirs = BTreeMap::new();
    flat(row, &mut theirs);
    let mut compared = 0;
    for (name, value) in &theirs {
        if NOT_OF_THE_EVENT.contains(&name.as_str()) {
            continue;
        }
        let other = renamed.iter().find(|(theirs, _)| theirs == name).map(|(_, ours)| *ours);
        let name = if name == "onchain_timestamp" { "timestamp" } else { name };
        let found = other.and_then(|name| ours.get(name)).or_else(|| ours.get(name));
        match (case, name) {
            // What the indexer worked out of an order's other fields.
            ("order_update", "filled_quantity" | "quantity") => continue,
            // These events have none.
            ("protocol_fees_increased" | "referral_fees_claimed", "timestamp") => continue,
            _ => {}
        }
        assert_eq!(found, Some(value), "{case}: {name}");
        compared += 1;
    }
    compared
}

#[test]
fn every_described_event_is_of_its_layout_to_the_last_byte() {
    let Some(folder) = folder() else { return };
    let interface = interface();
    let mut decoded = BTreeMap::<String, usize>::new();
    let mut fills = 0;
    let all = Recorded::all(&folder);
    let raw = interface.events("*").unwrap().remove(0);
    for event in &all {
        assert_eq!(event.decoded(&*raw)["type"], event.tag.as_str());
        // Others have modules and types of the same names.
        let is_deepbook =
            ["0x2c8d603b", "0xcaf6ba05", "0x00c1a56e", "0xb8620c24", "0xfb28c4cb", "0x97d94737"];
        if !is_deepbook.iter().any(|package| event.tag.starts_with(package)) {
            continue;
        }
        let Ok(decoders) = interface.events(event.short()) else { continue };
        let json = event.decoded(&*decoders[0]);
        fills += json["fills"].as_array().map_or(0, Vec::len);
        *decoded.entry(event.short().to_owned()).or_default() += 1;
    }
    assert_eq!(all.len(), 682);
    assert_eq!(decoded["order_info::OrderFilled"], 14);
    assert_eq!(decoded["order_info::OrderInfo"], 47);
    assert!(fills >= 12, "{fills} fills");
    assert_eq!(decoded.len(), 25, "{decoded:?}");
}

#[test]
fn a_pool_is_found_by_its_coins() {
    let Some(folder) = folder() else { return };
    let interface = interface();
    let usdc = "0xdba34672e30cb065b1f93e3ab55318768fd6fef66c15942c9f7cb846e2f900e7::usdc::USDC";
    let count = |reference: &str| {
        let decoder = interface.events(reference).unwrap().remove(0);
        let all = Recorded::all(&folder);
        let keyed = all.iter().filter(|event| {
            let (module, name) = event.short().split_once("::").unwrap();
            decoder.key() == Some(payload::event_key(module, name))
        });
        keyed.filter(|event| decoder.fits(&event.payload)).count()
    };
    assert_eq!(count("pool::BookParamsUpdated"), 3);
    assert_eq!(count(&format!("pool::BookParamsUpdated<0x2::sui::SUI, {usdc}>")), 1);
    assert_eq!(count("pool::BookParamsUpdated<*, 0x2::sui::SUI>"), 2);
    assert_eq!(count(&format!("pool::BookParamsUpdated<{usdc}, *>")), 0);
    assert_eq!(
        count("0xcaf6ba059d539a97646d47f0b9ddf843e138d215e2a12ca1f4585d386f7aec3a::pool::BookParamsUpdated"),
        3
    );
    assert_eq!(
        count("0x2c8d603bc51326b8c13cef9dd07031a408a48dddb541963357661df5d3204809::pool::BookParamsUpdated"),
        0
    );
}

/// The parameters of `deepbook::pool::place_limit_order`, from its sources.
const PLACE: &str = "pool::place_limit_order<Base, Quote>(pool: &mut Pool<Base, Quote>, manager: &mut BalanceManager, proof: &TradeProof, client_order_id: u64, order_type: u8, self_matching_option: u8, price: u64, quantity: u64, is_bid: bool, pay_with_deep: bool, expire_timestamp: u64, clock: &Clock, ctx: &TxContext): OrderInfo";

#[test]
fn what_orders_were_placed_with_is_what_their_events_tell() {
    let Some(folder) = folder() else { return };
    let interface = interface();
    let placed = interface.events("order_info::OrderInfo").unwrap().remove(0);
    let call = SuiDialect.empty_interface().calls(PLACE).unwrap().remove(0);
    let mut events = HashMap::<String, Vec<Json>>::new();
    for event in Recorded::all(&folder) {
        if event.short() == "order_info::OrderInfo" {
            events.entry(event.digest[..43].to_owned()).or_default().push(event.decoded(&*placed));
        }
    }
    let mut compared = 0;
    let mut files: Vec<_> =
        fs::read_dir(folder.join("checkpoints")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files {
        let bytes = fs::read(&file).unwrap();
        let data: CheckpointData = bcs::from_bytes(&bytes[1..]).unwrap();
        for transaction in &data.transactions {
            let digest = transaction.transaction.transaction.digest().to_base58();
            let Some(orders) = events.get(&digest[..43]) else { continue };
            for payload in calls(&transaction.transaction.transaction.kind, "pool", "place_limit_order") {
                let mut values = Vec::new();
                call.decode(&payload, u64::MAX, &mut values).unwrap();
                let ours = as_json(&*call, &values);
                if ours["client_order_id"].is_null() || ours["price"].is_null() || ours["quantity"].is_null()
                {
                    continue;
                }
                let same = |order: &&Json| {
                    [
                        ("pool", "pool_id"),
                        ("client_order_id", "client_order_id"),
                        ("price", "price"),
                        ("is_bid", "is_bid"),
                        ("quantity", "original_quantity"),
                    ]
                    .iter()
                    .all(|(ours_name, name)| ours[ours_name] == order[name])
                };
                assert!(orders.iter().any(|order| same(&order)), "{digest}: {ours} is none of {orders:?}");
                compared += 1;
            }
        }
    }
    assert!(compared > 10, "{compared} calls");
    let _ = writeln!(io::stderr(), "{compared} recorded calls agree with the events they caused");
}

fn calls(kind: &TransactionKind, module: &str, function: &str) -> Vec<Payload> {
    let TransactionKind::ProgrammableTransaction(block) = kind else { return Vec::new() };
    let argument = |input: &Input| match input {
        Input::Input(place) => match &block.inputs[usize::from(*place)] {
            Given::Pure(value) => Argument::Pure(value),
            Given::ImmutableOrOwned(object) | Given::Receiving(object) => {
                Argument::Object(object.object_id().into_inner())
            }
            Given::Shared(object) => Argument::Object(object.object_id().into_inner()),
            _ => Argument::Other,
        },
        _ => Argument::Other,
    };
    let mut payloads = Vec::new();
    for command in &block.commands {
        let Command::MoveCall(call) = command else { continue };
        if call.module.as_str() != module || call.function.as_str() != function {
            continue;
        }
        let type_arguments: Vec<_> = call.type_arguments.iter().map(ToString::to_string).collect();
        payloads.push(payload::call(&CallParts {
            module,
            function,
            type_arguments: type_arguments.iter().map(String::as_str).collect(),
            arguments: call.arguments.iter().map(argument).collect(),
        }));
    }
    payloads
}
