//! Reads a program's description in any of its forms: an IDL of Anchor's or Codama's, or signatures, one per line.

use std::sync::Arc;

use chainbell_model::{Decoder, InterfaceError};
use serde_json::Value;

use super::{
    anchor,
    bounds::{MAX_ITEMS, MAX_LEN},
    call::CallPlan,
    codama,
    compile::Compiler,
    event::EventPlan,
    item::{Definitions, Item, Kind},
    layout::Layouts,
    node::{Fault, Node},
    text,
};

/// What a program has.
#[derive(Debug, Default)]
pub(crate) struct Description {
    pub(crate) items: Vec<Item>,
    pub(super) definitions: Definitions,
}

/// Reads a description.
pub(crate) fn read(source: &[u8]) -> Result<Description, InterfaceError> {
    if source.len() > MAX_LEN {
        return Err(malformed("the description is too long", None));
    }
    let text = std::str::from_utf8(source)
        .map_err(|error| malformed("the description is not UTF-8", Some(error.valid_up_to())))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let description =
        if text.trim_start().starts_with(['{', '[']) { json(text)? } else { text::lines(text)? };
    match description.items.len() {
        0 => Err(malformed("the description has neither events nor instructions", None)),
        count if count > MAX_ITEMS => {
            Err(malformed("the description has too many events and instructions", None))
        }
        _ => Ok(description),
    }
}

fn json(text: &str) -> Result<Description, InterfaceError> {
    let document: Value = serde_json::from_str(text)
        .map_err(|error| malformed(format!("this is no JSON: {error}"), offset(text, &error)))?;
    let root = Node::root(&document);
    let described = if root.kind() == "rootNode" || root.kind() == "programNode" {
        codama::description(&root)
    } else if ["instructions", "events"].iter().any(|key| root.get(key).is_some()) {
        anchor::description(&root)
    } else {
        Err("this is neither an IDL of Anchor's (\"instructions\", \"events\") nor of Codama's (\"rootNode\")".to_owned())
    };
    described.map_err(|fault| malformed(fault, None))
}

/// The byte that line and column of the error stand for.
fn offset(source: &str, error: &serde_json::Error) -> Option<usize> {
    let before: usize = source.split_inclusive('\n').take(error.line().checked_sub(1)?).map(str::len).sum();
    Some((before + error.column().saturating_sub(1)).min(source.len()))
}

pub(crate) fn malformed(reason: impl Into<String>, offset: Option<usize>) -> InterfaceError {
    InterfaceError::Malformed { reason: reason.into(), offset }
}

impl Description {
    /// The item that a signature writes, which may name the description's types.
    pub(crate) fn signature(&self, text: &str, kind: Kind) -> Result<Item, InterfaceError> {
        text::one(text, kind, &self.definitions)
    }

    /// The items' decoders, one for each.
    pub(crate) fn decoders(&self, items: &[Item]) -> Result<Vec<Arc<dyn Decoder>>, InterfaceError> {
        let mut compiler = Compiler::new(&self.definitions);
        let plan = |item| Plan::new(item, &mut compiler);
        let plans = items.iter().map(plan).collect::<Result<Vec<_>, _>>();
        let plans = plans.map_err(|fault| malformed(fault, None))?;
        let layouts = Arc::new(compiler.finish());
        Ok(plans.into_iter().map(|plan| plan.finish(&layouts)).collect())
    }
}

/// An item, compiled, yet without the layouts that it shares with others.
enum Plan {
    Event(EventPlan),
    Call(CallPlan),
}

impl Plan {
    fn new(item: &Item, compiler: &mut Compiler<'_>) -> Result<Self, Fault> {
        match item.kind {
            Kind::Event => EventPlan::new(item, compiler).map(Self::Event),
            Kind::Instruction => CallPlan::new(item, compiler).map(Self::Call),
        }
    }

    fn finish(self, layouts: &Arc<Layouts>) -> Arc<dyn Decoder> {
        match self {
            Self::Event(plan) => Arc::new(plan.finish(layouts)),
            Self::Call(plan) => Arc::new(plan.finish(layouts)),
        }
    }
}
