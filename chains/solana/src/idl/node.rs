//! A place in a JSON document: what stands there, and where that is, for errors.

use std::fmt;

use serde_json::Value;

/// What is wrong with a description, beginning with the place.
pub(super) type Fault = String;

/// A value in the document. Borrows its parents, so that the place is only written out for an error.
#[derive(Clone, Copy)]
pub(super) struct Node<'j, 'p> {
    value: &'j Value,
    step: Step<'j>,
    parent: Option<&'p Node<'j, 'p>>,
}

#[derive(Clone, Copy)]
enum Step<'j> {
    Root,
    Key(&'j str),
    Index(usize),
}

impl<'j, 'p> Node<'j, 'p> {
    pub(super) fn root(value: &'j Value) -> Self {
        Self { value, step: Step::Root, parent: None }
    }

    pub(super) fn value(&self) -> &'j Value {
        self.value
    }

    /// Another value, deeper down, that is told of under this place.
    pub(super) fn moved(&self, value: &'j Value) -> Self {
        Self { value, ..*self }
    }

    /// What stands under `key`; what is null is not there.
    pub(super) fn get<'c>(&'c self, key: &'j str) -> Option<Node<'j, 'c>>
    where
        'p: 'c,
    {
        let value = self.value.get(key).filter(|value| !value.is_null())?;
        Some(Node { value, step: Step::Key(key), parent: Some(self) })
    }

    pub(super) fn need<'c>(&'c self, key: &'j str) -> Result<Node<'j, 'c>, Fault>
    where
        'p: 'c,
    {
        if !self.value.is_object() {
            return Err(self.fault(format_args!("an object with {key:?} was expected")));
        }
        self.get(key).ok_or_else(|| self.fault(format_args!("{key:?} is missing")))
    }

    /// The items of this list.
    pub(super) fn items<'c>(&'c self) -> Result<impl Iterator<Item = Node<'j, 'c>>, Fault>
    where
        'p: 'c,
    {
        let Value::Array(items) = self.value else { return Err(self.fault("a list was expected")) };
        let items = items.iter().enumerate();
        Ok(items.map(|(index, value)| Node { value, step: Step::Index(index), parent: Some(self) }))
    }

    /// The item at `index` of this list.
    pub(super) fn item<'c>(&'c self, index: usize) -> Result<Node<'j, 'c>, Fault>
    where
        'p: 'c,
    {
        let value = self.value.get(index).ok_or_else(|| self.fault("the list is too short"))?;
        Ok(Node { value, step: Step::Index(index), parent: Some(self) })
    }

    pub(super) fn text(&self) -> Result<&'j str, Fault> {
        self.value.as_str().ok_or_else(|| self.fault("a text was expected"))
    }

    /// A number that counts something in memory.
    pub(super) fn size(&self) -> Result<usize, Fault> {
        let size = self.value.as_u64().and_then(|size| u32::try_from(size).ok());
        let size = size.ok_or_else(|| self.fault("a number from 0 to 4294967295 was expected"))?;
        usize::try_from(size).map_err(|_| self.fault("the number is too large"))
    }

    /// Whether the flag under `key` is set.
    pub(super) fn flag(&self, key: &str) -> bool {
        self.value.get(key).and_then(Value::as_bool).unwrap_or(false)
    }

    /// Under `kind`, the word by which Codama and Anchor tell variants apart; empty where there is none.
    pub(super) fn kind(&self) -> &'j str {
        self.value.get("kind").and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn fault(&self, reason: impl fmt::Display) -> Fault {
        let place = self.place();
        if place.is_empty() { reason.to_string() } else { format!("{place}: {reason}") }
    }

    /// For example `events[3].fields[2]`.
    pub(super) fn place(&self) -> String {
        let mut place = self.parent.map_or_else(String::new, Node::place);
        match self.step {
            Step::Root => {}
            Step::Key(key) => {
                if !place.is_empty() {
                    place.push('.');
                }
                place.push_str(key);
            }
            Step::Index(index) => place.push_str(&format!("[{index}]")),
        }
        place
    }
}
