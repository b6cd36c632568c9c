//! The demo package: what its events are, and how they are called for.

use serde::{Deserialize, Serialize};
use sui_sdk_types::{Address, Identifier, StructTag, TypeTag};

use super::value::Value;

/// The module of the demo package that emits events.
pub(crate) const MARKET: &str = "market";
/// The module of its token.
pub(crate) const GOLD: &str = "gold";

/// An event of the demo package. All have an `amount`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum EventSpec {
    /// `Transferred`, from the sender.
    Transferred {
        /// To whom.
        to: Address,
        /// How much.
        amount: u64,
    },
    /// `Listed`, with an id, texts, an option and a list.
    Listed {
        /// What.
        item: Address,
        /// For how much.
        amount: u64,
        /// A remark.
        note: Option<String>,
        /// Words to find it by.
        tags: Vec<String>,
    },
    /// `Traded<C, T>`, where `C` is a coin and `T` the type of the item, with an enum and structs.
    Traded {
        /// Whether for the demo package's token; else for the native one.
        gold: bool,
        /// What.
        item: Item,
        /// How.
        side: Side,
        /// In which parts.
        fills: Vec<Fill>,
        /// For how much.
        amount: u64,
    },
    /// `Paused`, which only the upgraded package has.
    Paused {
        /// Why.
        reason: String,
        /// For how long.
        amount: u64,
    },
}

/// What is traded: its type is the event's second type argument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Item {
    /// `u64`.
    Number(u64),
    /// `0x1::string::String`.
    Text(String),
    /// `vector<u8>`.
    Bytes(Vec<u8>),
}

/// The enum of the demo package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Without fields.
    Buy,
    /// Without fields.
    Sell,
    /// With fields.
    Limit {
        /// At which price.
        price: u64,
        /// Whether it may not take.
        post_only: bool,
    },
}

/// A struct within an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fill {
    /// `u128`.
    pub price: u128,
    /// `u256`.
    pub quantity: u128,
}

/// Where the types of a demo package are defined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The first version.
    pub(crate) original: Address,
    /// What was added later, where anything was.
    pub(crate) upgraded: Option<Address>,
}

impl Origin {
    pub(crate) fn gold(&self) -> StructTag {
        tag(self.original, GOLD, "GOLD", Vec::new())
    }

    pub(crate) fn market(&self) -> StructTag {
        tag(self.original, MARKET, "Market", Vec::new())
    }
}

impl EventSpec {
    /// Its struct's name.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Transferred { .. } => "Transferred",
            Self::Listed { .. } => "Listed",
            Self::Traded { .. } => "Traded",
            Self::Paused { .. } => "Paused",
        }
    }

    /// The function that emits it.
    pub(crate) fn function(&self) -> &'static str {
        match self {
            Self::Transferred { .. } => "transfer",
            Self::Listed { .. } => "list",
            Self::Traded { .. } => "trade",
            Self::Paused { .. } => "pause",
        }
    }

    /// What it is about.
    pub fn amount(&self) -> u64 {
        match self {
            Self::Transferred { amount, .. }
            | Self::Listed { amount, .. }
            | Self::Traded { amount, .. }
            | Self::Paused { amount, .. } => *amount,
        }
    }

    /// Its type. Types keep the package that first defined them.
    pub(crate) fn tag(&self, origin: &Origin) -> StructTag {
        let package = match self {
            Self::Paused { .. } => origin.upgraded.unwrap_or(origin.original),
            _ => origin.original,
        };
        tag(package, MARKET, self.name(), self.type_arguments(origin))
    }

    /// Of the event and of the function.
    pub(crate) fn type_arguments(&self, origin: &Origin) -> Vec<TypeTag> {
        match self {
            Self::Traded { gold, item, .. } => {
                let coin = if *gold { origin.gold() } else { StructTag::sui() };
                vec![coin.into(), item.tag()]
            }
            _ => Vec::new(),
        }
    }

    /// What its function is given beside the market.
    pub(crate) fn arguments(&self) -> Vec<Value> {
        match self {
            Self::Transferred { to, amount } => vec![Value::Address(*to), Value::U64(*amount)],
            Self::Listed { item, amount, note, tags } => {
                vec![Value::Address(*item), Value::U64(*amount), option(note), texts(tags)]
            }
            Self::Traded { item, amount, .. } => vec![item.value(), Value::U64(*amount)],
            Self::Paused { reason, amount } => vec![Value::Text(reason.clone()), Value::U64(*amount)],
        }
    }

    pub(crate) fn value(&self, sender: Address) -> Value {
        let amount = |amount: &u64| ("amount", Value::U64(*amount));
        Value::Struct(match self {
            Self::Transferred { to, amount: value } => {
                vec![("from", Value::Address(sender)), ("to", Value::Address(*to)), amount(value)]
            }
            Self::Listed { item, amount: value, note, tags } => vec![
                ("item", Value::Address(*item)),
                ("seller", Value::Address(sender)),
                amount(value),
                ("note", option(note)),
                ("tags", texts(tags)),
            ],
            Self::Traded { item, side, fills, amount: value, .. } => vec![
                ("item", item.value()),
                ("side", side.value()),
                ("fills", Value::List(fills.iter().map(Fill::value).collect())),
                ("trader", Value::Address(sender)),
                amount(value),
            ],
            Self::Paused { reason, amount: value } => {
                vec![("by", Value::Address(sender)), ("reason", Value::Text(reason.clone())), amount(value)]
            }
        })
    }
}

impl Item {
    fn tag(&self) -> TypeTag {
        match self {
            Self::Number(_) => TypeTag::U64,
            Self::Text(_) => tag(Address::from_static("0x1"), "string", "String", Vec::new()).into(),
            Self::Bytes(_) => TypeTag::Vector(Box::new(TypeTag::U8)),
        }
    }

    fn value(&self) -> Value {
        match self {
            Self::Number(number) => Value::U64(*number),
            Self::Text(text) => Value::Text(text.clone()),
            Self::Bytes(bytes) => Value::Bytes(bytes.clone()),
        }
    }
}

impl Side {
    fn value(&self) -> Value {
        match *self {
            Self::Buy => Value::Variant { index: 0, name: "Buy", fields: Vec::new() },
            Self::Sell => Value::Variant { index: 1, name: "Sell", fields: Vec::new() },
            Self::Limit { price, post_only } => Value::Variant {
                index: 2,
                name: "Limit",
                fields: vec![("price", Value::U64(price)), ("post_only", Value::Bool(post_only))],
            },
        }
    }
}

impl Fill {
    fn value(&self) -> Value {
        Value::Struct(vec![("price", Value::U128(self.price)), ("quantity", Value::U256(self.quantity))])
    }
}

fn option(text: &Option<String>) -> Value {
    Value::Option(text.clone().map(|text| Box::new(Value::Text(text))))
}

fn texts(texts: &[String]) -> Value {
    Value::List(texts.iter().cloned().map(Value::Text).collect())
}

/// A type of names that are known to be good.
pub(crate) fn tag(package: Address, module: &'static str, name: &'static str, of: Vec<TypeTag>) -> StructTag {
    StructTag::new(package, Identifier::from_static(module), Identifier::from_static(name), of)
}
