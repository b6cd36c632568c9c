//! Decodes the arguments of an event from topics and data.

use std::sync::Arc;

use chainbell_model::{ArgMask, DecodeError, Decoder, EventKey, InterfaceError, Payload, Schema, Value};

use super::{
    arguments::{Arguments, is_word},
    layout::Shape,
    reader::{Reader, Reason, word_value},
    signature::Signature,
};
use crate::payload::{self, MAX_TOPICS};

/// An event's decoder.
#[derive(Debug)]
pub(crate) struct EventDecoder {
    arguments: Arguments,
    key: Option<EventKey>,
    /// Where the arguments stand, by the number of topics of the log; `None` for numbers that this event does not have.
    plans: [Option<Plan>; MAX_TOPICS + 1],
}

#[derive(Debug)]
struct Plan {
    sources: Box<[Source]>,
    /// The least bytes of data.
    head: usize,
}

/// Where an argument stands.
#[derive(Clone, Copy, Debug)]
enum Source {
    /// In this topic.
    Topic(usize),
    /// At this byte of the data, or behind the offset there.
    Data(usize),
}

impl EventDecoder {
    /// Of an event whose indexed arguments are marked.
    pub(crate) fn new(signature: &Signature) -> Result<Self, InterfaceError> {
        let arguments = Arguments::new(signature, |input| input.indexed)?;
        let key = (!signature.anonymous).then(|| arguments.hash().0);
        let first = usize::from(key.is_some());
        let indexed: Vec<_> = signature.inputs.iter().map(|input| input.indexed).collect();
        let topics = first + indexed.iter().filter(|indexed| **indexed).count();
        let mut plans = [const { None }; MAX_TOPICS + 1];
        let Some(plan) = plans.get_mut(topics) else {
            let reason = format!("{} has more indexed arguments than a log has topics", arguments.signature);
            return Err(InterfaceError::Malformed { reason, offset: None });
        };
        *plan = Some(Plan::new(&arguments, &indexed, first));
        Ok(Self { arguments, key, plans })
    }

    /// Of an event that is not known to have which arguments indexed. The number of topics tells how many are, and they
    /// are taken to be the first ones of one word; longer ones, of which a topic would keep a hash only, are taken to
    /// stand in the data.
    pub(crate) fn with_unknown_topics(signature: &Signature) -> Result<Self, InterfaceError> {
        let arguments = Arguments::new(signature, |_| false)?;
        let words: Vec<_> = arguments.layouts.iter().map(is_word).collect();
        let plans = std::array::from_fn(|topics| {
            let mut left = topics.checked_sub(1)?;
            let mut take = |is_word: &bool| {
                let indexed = *is_word && left > 0;
                left -= usize::from(indexed);
                indexed
            };
            let indexed: Vec<_> = words.iter().map(&mut take).collect();
            (left == 0).then(|| Plan::new(&arguments, &indexed, 1))
        });
        let key = Some(arguments.hash().0);
        Ok(Self { arguments, key, plans })
    }

    fn value(
        &self,
        place: usize,
        source: Source,
        topics: &[[u8; 32]],
        reader: &mut Reader<'_>,
    ) -> Result<Value, Reason> {
        let layout = &self.arguments.layouts[place];
        match source {
            Source::Data(at) => reader.value(layout, 0, at),
            Source::Topic(topic) => match layout.shape {
                Shape::Word(word) => word_value(word, &topics[topic]),
                _ => Ok(Value::Bytes(topics[topic].into())),
            },
        }
    }
}

impl Plan {
    /// Topics from `first` on hold the indexed arguments, the data the others.
    fn new(arguments: &Arguments, indexed: &[bool], first: usize) -> Self {
        let (mut topic, mut head) = (first, 0);
        let sources = indexed.iter().zip(&arguments.layouts).map(|(indexed, layout)| {
            if *indexed {
                topic += 1;
                Source::Topic(topic - 1)
            } else {
                head += layout.head;
                Source::Data(head - layout.head)
            }
        });
        Self { sources: sources.collect(), head }
    }
}

impl Decoder for EventDecoder {
    fn key(&self) -> Option<EventKey> {
        self.key
    }

    fn name(&self) -> &str {
        &self.arguments.name
    }

    fn signature(&self) -> &str {
        &self.arguments.signature
    }

    fn schema(&self) -> &Arc<Schema> {
        &self.arguments.schema
    }

    fn fits(&self, payload: &Payload) -> bool {
        let (topics, data) = payload::split(payload);
        let Some(Some(plan)) = self.plans.get(topics.len()) else { return false };
        // A keyed event that is too short is a fault worth telling; without a key it is more likely another event.
        self.key.is_some() || data.len() >= plan.head
    }

    fn decode(
        &self,
        payload: &Payload,
        wanted: ArgMask,
        out: &mut Vec<Option<Value>>,
    ) -> Result<(), DecodeError> {
        out.clear();
        let (topics, data) = payload::split(payload);
        let Some(Some(plan)) = self.plans.get(topics.len()) else {
            return Err(self.arguments.fault(0, "the event has another number of topics"));
        };
        let mut reader = Reader::new(data);
        for (place, source) in plan.sources.iter().enumerate() {
            if wanted >> place & 1 == 0 {
                out.push(None);
                continue;
            }
            let value = self.value(place, *source, topics, &mut reader);
            out.push(Some(value.map_err(|reason| self.arguments.fault(place, reason))?));
        }
        Ok(())
    }
}
