//! The demo contracts: an exchange with three kinds of events, one for each way in which data holds parameters.

use serde::{Deserialize, Serialize};
use stellar_xdr::{
    ScEnvMetaEntry, ScEnvMetaEntryInterfaceVersion, ScSpecEntry, ScSpecEventDataFormat,
    ScSpecEventParamLocationV0, ScSpecEventParamV0, ScSpecEventV0, ScSpecFunctionInputV0, ScSpecFunctionV0,
    ScSpecTypeDef, ScSpecTypeOption, ScSpecTypeUdt, ScSpecTypeVec, ScSpecUdtStructFieldV0, ScSpecUdtStructV0,
    ScVal,
};

use super::{
    party::Party,
    wasm,
    xdr::{address, encode, i128, list, map, sc_symbol, string, symbol, text, u128, vec},
};

/// What [`DemoEvent::OrderPlaced`] tells of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// How much is wanted.
    pub amount: i128,
    /// For how much each.
    pub price: u128,
    /// Any text.
    pub note: String,
    /// Symbols: letters, digits and `_`, at most 32.
    pub tags: Vec<String>,
}

/// An event of a demo contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum DemoEvent {
    /// Data is a map, with a struct in it and something that may be absent.
    OrderPlaced {
        /// Whose order, a topic.
        maker: Party,
        /// The order.
        order: Order,
        /// Until when, in seconds.
        deadline: Option<u64>,
    },
    /// Data is a vector.
    Swapped {
        /// A symbol, a topic.
        pair: String,
        /// Who gave, a topic.
        from: Party,
        /// Who got, a topic.
        to: Party,
        /// How much.
        amount: i128,
        /// What it cost.
        fee: i128,
    },
    /// Data is a single value.
    PriceSet {
        /// A symbol, a topic.
        feed: String,
        /// Above or below zero.
        price: i128,
    },
}

impl DemoEvent {
    /// Its name in the description.
    pub fn name(&self) -> &'static str {
        match self {
            Self::OrderPlaced { .. } => "OrderPlaced",
            Self::Swapped { .. } => "Swapped",
            Self::PriceSet { .. } => "PriceSet",
        }
    }

    /// Its `amount`.
    pub fn amount(&self) -> Option<i128> {
        match self {
            Self::OrderPlaced { order, .. } => Some(order.amount),
            Self::Swapped { amount, .. } => Some(*amount),
            Self::PriceSet { .. } => None,
        }
    }

    /// Its `from` and `to`.
    pub(crate) fn ends(&self) -> (Option<Party>, Option<Party>) {
        match self {
            Self::Swapped { from, to, .. } => (Some(from.plain()), Some(to.plain())),
            Self::OrderPlaced { .. } | Self::PriceSet { .. } => (None, None),
        }
    }

    pub(crate) fn topics(&self) -> Vec<ScVal> {
        match self {
            Self::OrderPlaced { maker, .. } => vec![symbol("order_placed"), address(*maker)],
            Self::Swapped { pair, from, to, .. } => {
                vec![symbol("swapped"), symbol(pair), address(*from), address(*to)]
            }
            Self::PriceSet { feed, .. } => vec![symbol("price_set"), symbol(feed)],
        }
    }

    pub(crate) fn data(&self) -> ScVal {
        match self {
            Self::OrderPlaced { order, deadline, .. } => {
                let mut entries = vec![("amount", i128(order.amount)), ("order", order.value())];
                entries.extend(deadline.map(|deadline| ("deadline", ScVal::U64(deadline))));
                map(entries)
            }
            Self::Swapped { amount, fee, .. } => vec(vec![i128(*amount), i128(*fee)]),
            Self::PriceSet { price, .. } => i128(*price),
        }
    }

    /// The function that emits it, with its arguments.
    pub(crate) fn call(&self) -> (&'static str, Vec<ScVal>) {
        match self {
            Self::OrderPlaced { maker, order, deadline } => {
                let deadline = deadline.map_or(ScVal::Void, ScVal::U64);
                ("place", vec![address(*maker), order.value(), deadline])
            }
            Self::Swapped { pair, from, to, amount, .. } => {
                ("swap", vec![address(*from), address(*to), symbol(pair), i128(*amount)])
            }
            Self::PriceSet { feed, price } => ("set_price", vec![symbol(feed), i128(*price)]),
        }
    }

    /// What that function returns.
    pub(crate) fn returned(&self) -> ScVal {
        match self {
            Self::OrderPlaced { .. } => ScVal::U64(7),
            Self::Swapped { amount, fee, .. } => i128(amount.saturating_sub(*fee)),
            Self::PriceSet { .. } => ScVal::Void,
        }
    }
}

impl Order {
    fn value(&self) -> ScVal {
        map(vec![
            ("amount", i128(self.amount)),
            ("price", u128(self.price)),
            ("note", string(&self.note)),
            ("tags", vec(self.tags.iter().map(|tag| symbol(tag)).collect())),
        ])
    }
}

/// The description as lines of text.
pub(crate) const SPEC: &str = r#"struct Order { amount: i128, note: string, price: u128, tags: vec<symbol> }
event OrderPlaced["order_placed"](maker: address @topic, amount: i128, order: Order, deadline: option<u64>) as map
event Swapped["swapped"](pair: symbol @topic, from: address @topic, to: address @topic, amount: i128, fee: i128) as vec
event PriceSet["price_set"](feed: symbol @topic, price: i128) as value
fn place(maker: address, order: Order, deadline: option<u64>) -> u64
fn swap(from: address, to: address, pair: symbol, amount: i128) -> i128
fn set_price(feed: symbol, price: i128)
"#;

/// The code, which holds the description.
pub(crate) fn code(protocol: u32) -> Vec<u8> {
    let version = ScEnvMetaEntryInterfaceVersion { protocol, pre_release: 0 };
    let meta = encode(&ScEnvMetaEntry::ScEnvMetaKindInterfaceVersion(version));
    wasm::module(&meta, &spec().iter().flat_map(encode).collect::<Vec<_>>())
}

/// The description as contracts carry it.
fn spec() -> Vec<ScSpecEntry> {
    use ScSpecTypeDef as Is;
    let tags = Is::Vec(Box::new(ScSpecTypeVec { element_type: Box::new(Is::Symbol) }));
    let deadline = Is::Option(Box::new(ScSpecTypeOption { value_type: Box::new(Is::U64) }));
    let order = Is::Udt(ScSpecTypeUdt { name: text("Order") });
    vec![
        structure(
            "Order",
            vec![("amount", Is::I128), ("note", Is::String), ("price", Is::U128), ("tags", tags)],
        ),
        event(
            "OrderPlaced",
            "order_placed",
            ScSpecEventDataFormat::Map,
            1,
            vec![
                ("maker", Is::Address),
                ("amount", Is::I128),
                ("order", order.clone()),
                ("deadline", deadline.clone()),
            ],
        ),
        event(
            "Swapped",
            "swapped",
            ScSpecEventDataFormat::Vec,
            3,
            vec![
                ("pair", Is::Symbol),
                ("from", Is::Address),
                ("to", Is::Address),
                ("amount", Is::I128),
                ("fee", Is::I128),
            ],
        ),
        event(
            "PriceSet",
            "price_set",
            ScSpecEventDataFormat::SingleValue,
            1,
            vec![("feed", Is::Symbol), ("price", Is::I128)],
        ),
        function(
            "place",
            vec![("maker", Is::Address), ("order", order), ("deadline", deadline)],
            Some(Is::U64),
        ),
        function(
            "swap",
            vec![("from", Is::Address), ("to", Is::Address), ("pair", Is::Symbol), ("amount", Is::I128)],
            Some(Is::I128),
        ),
        function("set_price", vec![("feed", Is::Symbol), ("price", Is::I128)], None),
    ]
}

type Named = (&'static str, ScSpecTypeDef);

fn structure(name: &str, fields: Vec<Named>) -> ScSpecEntry {
    let fields = fields.into_iter().map(|(name, type_)| ScSpecUdtStructFieldV0 {
        name: text(name),
        type_,
        ..ScSpecUdtStructFieldV0::default()
    });
    ScSpecEntry::UdtStructV0(ScSpecUdtStructV0 {
        name: text(name),
        fields: list(fields.collect()),
        ..ScSpecUdtStructV0::default()
    })
}

/// The first `topics` parameters are topics.
fn event(
    name: &str,
    prefix: &str,
    data_format: ScSpecEventDataFormat,
    topics: usize,
    params: Vec<Named>,
) -> ScSpecEntry {
    let params = params.into_iter().enumerate().map(|(index, (name, type_))| ScSpecEventParamV0 {
        name: text(name),
        type_,
        location: if index < topics {
            ScSpecEventParamLocationV0::TopicList
        } else {
            ScSpecEventParamLocationV0::Data
        },
        ..ScSpecEventParamV0::default()
    });
    ScSpecEntry::EventV0(ScSpecEventV0 {
        name: text(name),
        prefix_topics: list(vec![sc_symbol(prefix)]),
        params: list(params.collect()),
        data_format,
        ..ScSpecEventV0::default()
    })
}

fn function(name: &str, inputs: Vec<Named>, output: Option<ScSpecTypeDef>) -> ScSpecEntry {
    let inputs = inputs.into_iter().map(|(name, type_)| ScSpecFunctionInputV0 {
        name: text(name),
        type_,
        ..ScSpecFunctionInputV0::default()
    });
    ScSpecEntry::FunctionV0(ScSpecFunctionV0 {
        name: sc_symbol(name),
        inputs: list(inputs.collect()),
        outputs: list(output.into_iter().collect()),
        ..ScSpecFunctionV0::default()
    })
}
