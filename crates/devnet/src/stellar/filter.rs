//! The filters of `getEvents`, checked and applied as the real server does.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use stellar_xdr::{ContractEventType, ScVal};

use super::{params::RawFilter, rows::Row, xdr::decode};
use crate::rpc::RpcError;

const MOST: usize = 5;
const MOST_SEGMENTS: usize = 4;
/// The first protocol whose servers know `**`, and have no diagnoses among events.
const OPEN_TOPICS: u32 = 23;

/// All filters of a request.
pub(crate) struct Filters {
    filters: Vec<Filter>,
    /// The contracts and types of all filters together. Whatever one filter wants alone, nothing else is looked at.
    contracts: Vec<[u8; 32]>,
    kinds: Vec<ContractEventType>,
}

struct Filter {
    kinds: Vec<ContractEventType>,
    contracts: Vec<[u8; 32]>,
    topics: Vec<Pattern>,
}

/// A pattern for all topics of an event.
struct Pattern {
    segments: Vec<Segment>,
    /// More may follow.
    open: bool,
}

enum Segment {
    Any,
    /// `**` before the end.
    Misplaced,
    /// A value in XDR.
    Value(Vec<u8>),
}

impl Filters {
    pub(crate) fn read(raw: &[RawFilter], protocol: u32) -> Result<Self, RpcError> {
        if raw.len() > MOST {
            return Err(RpcError::invalid_params("maximum 5 filters per request"));
        }
        // What does not decode is noticed before anything is checked.
        let topics = raw.iter().map(|raw| patterns(raw, protocol)).collect::<Result<Vec<_>, _>>()?;
        let mut filters = Vec::with_capacity(raw.len());
        for (index, (raw, topics)) in (1..).zip(raw.iter().zip(topics)) {
            let filter = Filter::read(raw, topics, protocol);
            filters.push(
                filter.map_err(|reason| {
                    RpcError::invalid_params(format!("filter {index} invalid: {reason}"))
                })?,
            );
        }
        Ok(Self {
            contracts: filters.iter().flat_map(|filter| filter.contracts.iter().copied()).collect(),
            kinds: filters.iter().flat_map(|filter| filter.kinds.iter().copied()).collect(),
            filters,
        })
    }

    pub(crate) fn pass(&self, row: &Row) -> bool {
        let looked_at = (self.contracts.is_empty()
            || row.contract.is_some_and(|contract| self.contracts.contains(&contract)))
            && (self.kinds.is_empty() || self.kinds.contains(&row.kind));
        looked_at && (self.filters.is_empty() || self.filters.iter().any(|filter| filter.passes(row)))
    }
}

impl Filter {
    fn read(raw: &RawFilter, topics: Vec<Pattern>, protocol: u32) -> Result<Self, String> {
        let kinds = kinds(&raw.r#type, protocol)?;
        let ids = raw.contract_ids.as_deref().unwrap_or_default();
        if ids.len() > MOST {
            return Err("maximum 5 contract IDs per filter".to_owned());
        }
        if topics.len() > MOST {
            return Err("maximum 5 topics per filter".to_owned());
        }
        let contract = |(index, id): (usize, &String)| {
            let id = stellar_strkey::Contract::from_string(id);
            id.map(|id| id.0).map_err(|_| format!("contract ID {index} invalid"))
        };
        let contracts = (1..).zip(ids).map(contract).collect::<Result<_, _>>()?;
        for (index, pattern) in (1..).zip(&topics) {
            pattern.check().map_err(|reason| format!("topic {index} invalid: {reason}"))?;
        }
        Ok(Self { kinds, contracts, topics })
    }

    fn passes(&self, row: &Row) -> bool {
        (self.kinds.is_empty() || self.kinds.contains(&row.kind))
            && (self.contracts.is_empty() || row.contract.is_some_and(|id| self.contracts.contains(&id)))
            && (self.topics.is_empty() || self.topics.iter().any(|pattern| pattern.fits(&row.topics)))
    }
}

fn kinds(text: &str, protocol: u32) -> Result<Vec<ContractEventType>, String> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let kind = |name| match name {
        "contract" => Ok(ContractEventType::Contract),
        "system" => Ok(ContractEventType::System),
        "diagnostic" if protocol < OPEN_TOPICS => Ok(ContractEventType::Diagnostic),
        _ => Err(()),
    };
    text.split(',').map(kind).collect::<Result<_, _>>().map_err(|()| {
        let known = if protocol < OPEN_TOPICS {
            "'system', 'contract' or 'diagnostic'"
        } else {
            "'system' or 'contract'"
        };
        format!("filter type invalid: if set, type must be either {known}")
    })
}

fn patterns(raw: &RawFilter, protocol: u32) -> Result<Vec<Pattern>, RpcError> {
    raw.topics.iter().flatten().map(|segments| Pattern::read(segments, protocol)).collect()
}

impl Pattern {
    fn read(texts: &[String], protocol: u32) -> Result<Self, RpcError> {
        let mut segments = Vec::with_capacity(texts.len().min(MOST));
        let mut open = false;
        for (index, text) in (1..).zip(texts) {
            match &**text {
                "*" => segments.push(Segment::Any),
                "**" if protocol >= OPEN_TOPICS && index == texts.len() => open = true,
                "**" if protocol >= OPEN_TOPICS => segments.push(Segment::Misplaced),
                text => segments.push(Segment::Value(value(text)?)),
            }
        }
        Ok(Self { segments, open })
    }

    fn check(&self) -> Result<(), String> {
        let misplaced = self.segments.iter().position(|segment| matches!(segment, Segment::Misplaced));
        if let Some(index) = misplaced {
            let place = index + 1;
            return Err(format!(
                "segment {place} invalid: wildcard '**' is only allowed as the last segment"
            ));
        }
        match self.segments.len() {
            0 if !self.open => Err("topic must have at least 1 segment".to_owned()),
            len if len > MOST_SEGMENTS => Err("topic cannot have more than 4 segments".to_owned()),
            _ => Ok(()),
        }
    }

    fn fits(&self, topics: &[Vec<u8>]) -> bool {
        let long_enough =
            if self.open { topics.len() >= self.segments.len() } else { topics.len() == self.segments.len() };
        let fits = |(segment, topic): (&Segment, &Vec<u8>)| match segment {
            Segment::Any => true,
            Segment::Misplaced => false,
            Segment::Value(value) => value == topic,
        };
        long_enough && self.segments.iter().zip(topics).all(fits)
    }
}

/// A value's XDR, if it is one.
fn value(text: &str) -> Result<Vec<u8>, RpcError> {
    let illegal = "illegal base64 data at input byte 0";
    let bytes = STANDARD.decode(text).map_err(|_| RpcError::malformed_params(illegal))?;
    let value: Option<ScVal> = decode(&bytes);
    value
        .map(|_| bytes)
        .ok_or_else(|| RpcError::malformed_params("xdr:DecodeUnion: a topic that is no value"))
}
