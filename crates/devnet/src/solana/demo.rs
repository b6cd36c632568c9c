//! The demo program: its instructions and events, and its description in Anchor's form.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{
    base58::{Base58, Pubkey},
    borsh::Borsh,
};

/// How Anchor's event instructions begin.
pub(crate) const EVENT_INSTRUCTION: [u8; 8] = [0xe4, 0x45, 0xa5, 0x2e, 0x51, 0xcb, 0x9a, 0x1d];

/// An event of a demo program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum EventSpec {
    /// `Transfer`.
    Transfer {
        /// Who gives.
        from: Pubkey,
        /// Who gets.
        to: Pubkey,
        /// How much.
        amount: u64,
    },
    /// `Trade`.
    Trade(Trade),
    /// Any bytes: no event that the description knows.
    Raw(Vec<u8>),
}

/// The event with one field of every kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Trade {
    /// A wide number.
    pub id: u128,
    /// A key.
    pub maker: Pubkey,
    /// A key, or none.
    pub taker: Option<Pubkey>,
    /// An enum, some of whose variants hold fields.
    pub side: Side,
    /// A list of records.
    pub fills: Vec<Fill>,
    /// How much.
    pub amount: u64,
    /// A text.
    pub note: String,
    /// A truth.
    pub urgent: bool,
    /// Bytes of a fixed length.
    pub tag: [u8; 4],
}

/// Which way a trade goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Side {
    /// Without fields.
    #[default]
    Buy,
    /// Without fields.
    Sell,
    /// With named fields.
    Limit {
        /// At which price.
        price: u64,
        /// Or better.
        post_only: bool,
    },
    /// With a field without a name.
    Cancel(String),
}

/// A part of a trade.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fill {
    /// At which price.
    pub price: u64,
    /// Below zero for what was given back.
    pub quantity: i64,
}

impl EventSpec {
    /// Its name in the description; `None` when that does not know it.
    pub fn name(&self) -> Option<&'static str> {
        match self {
            Self::Transfer { .. } => Some("Transfer"),
            Self::Trade(_) => Some("Trade"),
            Self::Raw(_) => None,
        }
    }

    /// Its `amount`.
    pub fn amount(&self) -> Option<u64> {
        match self {
            Self::Transfer { amount, .. } => Some(*amount),
            Self::Trade(trade) => Some(trade.amount),
            Self::Raw(_) => None,
        }
    }

    /// Discriminator and Borsh.
    pub fn data(&self) -> Vec<u8> {
        let event = |name| Borsh::default().raw(&discriminator("event", name));
        match self {
            Self::Transfer { from, to, amount } => event("Transfer").key(from).key(to).u64(*amount).0,
            Self::Trade(trade) => trade.write(event("Trade")).0,
            Self::Raw(bytes) => bytes.clone(),
        }
    }
}

impl Trade {
    fn write(&self, out: Borsh) -> Borsh {
        let out = out.u128(self.id).key(&self.maker).option(self.taker, |out, taker| out.key(&taker));
        let out = match &self.side {
            Side::Buy => out.u8(0),
            Side::Sell => out.u8(1),
            Side::Limit { price, post_only } => out.u8(2).u64(*price).u8(u8::from(*post_only)),
            Side::Cancel(reason) => out.u8(3).text(reason),
        };
        out.list(&self.fills, |out, fill| out.u64(fill.price).i64(fill.quantity))
            .u64(self.amount)
            .text(&self.note)
            .u8(u8::from(self.urgent))
            .raw(&self.tag)
    }
}

/// The data of `transfer(amount)`.
pub(crate) fn transfer_data(amount: u64) -> Vec<u8> {
    Borsh::default().raw(&discriminator("global", "transfer")).u64(amount).0
}

/// The data of `trade(id, note)`.
pub(crate) fn trade_data(trade: &Trade) -> Vec<u8> {
    Borsh::default().raw(&discriminator("global", "trade")).u128(trade.id).text(&trade.note).0
}

/// The first eight bytes of a hash of a name, as Anchor tells events, instructions and accounts.
pub(crate) fn discriminator(space: &str, name: &str) -> [u8; 8] {
    let hash = Sha256::digest(format!("{space}:{name}"));
    std::array::from_fn(|index| hash[index])
}

/// The description of the demo program at `address`, as Anchor 0.30 and later write it.
pub(crate) fn idl(address: &Pubkey) -> Value {
    let field = |name: &str, kind: Value| json!({ "name": name, "type": kind });
    let named = |name: &str| json!({ "defined": { "name": name } });
    let accounts = |names: [&str; 2]| {
        let [from, to] = names.map(|name| json!({ "name": name, "writable": true }));
        json!([from, to, { "name": "authority", "signer": true }])
    };
    json!({
        "address": address,
        "metadata": {
            "name": "demo",
            "version": "0.1.0",
            "spec": "0.1.0",
            "description": "Emits events of every kind"
        },
        "instructions": [
            {
                "name": "transfer",
                "docs": ["Moves nothing, and says that it did."],
                "discriminator": discriminator("global", "transfer"),
                "accounts": accounts(["from", "to"]),
                "args": [field("amount", json!("u64"))]
            },
            {
                "name": "trade",
                "discriminator": discriminator("global", "trade"),
                "accounts": accounts(["maker", "taker"]),
                "args": [field("id", json!("u128")), field("note", json!("string"))]
            }
        ],
        "events": [
            { "name": "Transfer", "discriminator": discriminator("event", "Transfer") },
            { "name": "Trade", "discriminator": discriminator("event", "Trade") }
        ],
        "errors": [{ "code": REFUSED, "name": "Refused", "msg": "Refused" }],
        "types": [
            structure("Transfer", &[
                field("from", json!("pubkey")),
                field("to", json!("pubkey")),
                field("amount", json!("u64")),
            ]),
            structure("Trade", &[
                field("id", json!("u128")),
                field("maker", json!("pubkey")),
                field("taker", json!({ "option": "pubkey" })),
                field("side", named("Side")),
                field("fills", json!({ "vec": named("Fill") })),
                field("amount", json!("u64")),
                field("note", json!("string")),
                field("urgent", json!("bool")),
                field("tag", json!({ "array": ["u8", 4] })),
            ]),
            structure("Fill", &[field("price", json!("u64")), field("quantity", json!("i64"))]),
            {
                "name": "Side",
                "type": {
                    "kind": "enum",
                    "variants": [
                        { "name": "Buy" },
                        { "name": "Sell" },
                        { "name": "Limit", "fields": [
                            field("price", json!("u64")),
                            field("post_only", json!("bool")),
                        ] },
                        { "name": "Cancel", "fields": ["string"] }
                    ]
                }
            }
        ]
    })
}

/// The demo program's own error.
pub(crate) const REFUSED: u32 = 6000;

fn structure(name: &str, fields: &[Value]) -> Value {
    json!({ "name": name, "type": { "kind": "struct", "fields": fields } })
}

/// An account nobody has the key of, for what needs one.
pub(crate) fn named_key(seed: u64, role: &str, index: usize) -> Pubkey {
    Base58(crate::seed::seeded(seed, format_args!("solana/{role}/{index}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn discriminators_are_those_of_anchor() {
        // As published for programs of mainnet.
        assert_eq!(discriminator("event", "TradeEvent"), [189, 219, 127, 211, 78, 230, 97, 238]);
        assert_eq!(discriminator("event", "SwapEvent"), [64, 198, 205, 232, 38, 8, 113, 226]);
        assert_eq!(discriminator("anchor", "event"), [0x1d, 0x9a, 0xcb, 0x51, 0x2e, 0xa5, 0x45, 0xe4]);
    }

    #[test]
    fn events_are_borsh_behind_their_discriminator() {
        let trade = Trade {
            id: 1,
            taker: Some(Base58([7; 32])),
            side: Side::Limit { price: 3, post_only: true },
            fills: vec![Fill { price: 2, quantity: -1 }],
            amount: 5,
            note: "né".into(),
            tag: [1, 2, 3, 4],
            ..Trade::default()
        };
        let data = EventSpec::Trade(trade).data();
        let mut expected = discriminator("event", "Trade").to_vec();
        expected.extend(1_u128.to_le_bytes());
        expected.extend([0; 32]);
        expected.push(1);
        expected.extend([7; 32]);
        expected.extend([2, 3, 0, 0, 0, 0, 0, 0, 0, 1]);
        expected.extend([1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255]);
        expected.extend([5, 0, 0, 0, 0, 0, 0, 0]);
        expected.extend([3, 0, 0, 0, b'n', 0xc3, 0xa9, 0, 1, 2, 3, 4]);
        assert_eq!(data, expected);
    }
}
