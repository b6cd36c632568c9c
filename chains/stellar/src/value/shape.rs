//! How a value of a type that the description tells lies in an `ScVal`.

use std::sync::Arc;

use chainbell_model::Value;

use super::{
    error::ScError,
    reader::{Reader, Reason, tag},
    text::text,
};

/// A type of the description, compiled.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    /// Told by the data.
    Any,
    /// Nothing.
    Void,
    Bool,
    /// By its tag.
    Int(u32),
    /// Of this length, where it is fixed.
    Bytes(Option<usize>),
    /// A symbol or string.
    Text,
    Address,
    Error,
    /// What a payment tells of whom it is for: a number, bytes or text, as text (CAP-67).
    Memo,
    Optional(Arc<Shape>),
    List(Arc<Shape>),
    /// The shapes of key and value.
    Map(Arc<(Shape, Shape)>),
    Tuple(Arc<[Shape]>),
    Struct(Arc<Fields>),
    Union(Arc<Union>),
    /// Named numbers.
    Enum(Arc<Cases>),
    /// Named numbers of the contract's own errors.
    ErrorEnum(Arc<Cases>),
    /// The shapes of what went well and of what did not.
    Outcome(Arc<(Shape, Shape)>),
}

/// The fields of a struct, by name.
#[derive(Debug)]
pub(crate) struct Fields(pub(crate) Vec<(Box<str>, Shape)>);

/// The cases of a union.
#[derive(Debug)]
pub(crate) struct Union {
    /// Each with the shapes of its contents; `None` where it has none.
    pub(crate) cases: Vec<(Box<str>, Option<Vec<Shape>>)>,
    /// No case has contents, so that the name says all.
    pub(crate) plain: bool,
}

/// The names of numbers.
#[derive(Debug)]
pub(crate) struct Cases(pub(crate) Vec<(Box<str>, u32)>);

impl Shape {
    /// Whether a value of type `tag` can be of this shape, as far as the type tells.
    pub(crate) fn admits(&self, of: u32) -> bool {
        match self {
            Self::Any => true,
            Self::Void => of == tag::VOID,
            Self::Bool => of == tag::BOOL,
            Self::Int(tag) => of == *tag,
            Self::Bytes(_) => of == tag::BYTES,
            Self::Text => matches!(of, tag::STRING | tag::SYMBOL),
            Self::Address => of == tag::ADDRESS,
            Self::Error => of == tag::ERROR,
            Self::Memo => matches!(of, tag::U64 | tag::BYTES | tag::STRING),
            Self::Optional(inner) => of == tag::VOID || inner.admits(of),
            Self::List(_) | Self::Tuple(_) | Self::Union(_) => of == tag::VEC,
            Self::Map(_) | Self::Struct(_) => of == tag::MAP,
            Self::Enum(_) => of == tag::U32,
            Self::ErrorEnum(_) => matches!(of, tag::ERROR | tag::U32),
            Self::Outcome(both) => both.0.admits(of) || both.1.admits(of),
        }
    }
}

impl Reader<'_> {
    /// The value that comes next, which is of that shape.
    pub(crate) fn value(&mut self, shape: &Shape) -> Result<Value, Reason> {
        if let Shape::Any = shape {
            return self.any();
        }
        self.spend(1)?;
        match shape {
            Shape::Optional(_) if self.peek()? == tag::VOID => {
                self.u32()?;
                return Ok(Value::Null);
            }
            Shape::Optional(inner) => return self.nested(|reader| reader.value(inner)),
            Shape::Outcome(both) => return self.nested(|reader| reader.outcome(both)),
            _ => {}
        }
        let of = self.u32()?;
        if !shape.admits(of) {
            return Err("the value is of another type than the description tells");
        }
        if let Some(int) = (!matches!(shape, Shape::Memo | Shape::Enum(_) | Shape::ErrorEnum(_)))
            .then(|| self.int(of))
            .flatten()
        {
            return int.map(Value::Int);
        }
        match shape {
            Shape::Bool => self.flag().map(Value::Bool),
            Shape::Bytes(length) => self.bytes(*length),
            Shape::Text => self.opaque().map(|bytes| Value::Text(text(bytes))),
            Shape::Address => self.address().map(Value::Address),
            Shape::Error => ScError::read(self).map(|error| Value::Text(error.into_text())),
            Shape::Memo => self.memo(of),
            Shape::List(item) => self.nested(|reader| reader.list(item)),
            Shape::Map(entry) => self.nested(|reader| reader.entries_of(entry)),
            Shape::Tuple(items) => self.nested(|reader| reader.tuple(items)),
            Shape::Struct(fields) => self.nested(|reader| reader.structure(fields)),
            Shape::Union(union) => self.nested(|reader| reader.union(union)),
            Shape::Enum(cases) => self.u32().and_then(|number| cases.name(number)),
            Shape::ErrorEnum(cases) => self.error_of(of, cases),
            // Void, and integers, which are read above.
            _ => Ok(Value::Null),
        }
    }

    fn bytes(&mut self, length: Option<usize>) -> Result<Value, Reason> {
        let bytes = self.opaque()?;
        if length.is_some_and(|length| length != bytes.len()) {
            return Err("there are more or fewer bytes than the description tells");
        }
        Ok(Value::Bytes(bytes.into()))
    }

    fn memo(&mut self, of: u32) -> Result<Value, Reason> {
        Ok(Value::Text(match of {
            tag::U64 => self.u64()?.to_string().into(),
            tag::BYTES => const_hex::encode_prefixed(self.opaque()?).into(),
            _ => text(self.opaque()?),
        }))
    }

    fn list(&mut self, item: &Shape) -> Result<Value, Reason> {
        let count = self.vec()?;
        (0..count).map(|_| self.value(item)).collect::<Result<_, _>>().map(Value::List)
    }

    fn entries_of(&mut self, (key, value): &(Shape, Shape)) -> Result<Value, Reason> {
        let count = self.map()?;
        let entry = |_| Ok(Value::Record(vec![self.value(key)?, self.value(value)?]));
        (0..count).map(entry).collect::<Result<_, _>>().map(Value::List)
    }

    fn tuple(&mut self, items: &[Shape]) -> Result<Value, Reason> {
        if self.vec()? != items.len() {
            return Err("the tuple has another number of items than the description tells");
        }
        items.iter().map(|item| self.value(item)).collect::<Result<_, _>>().map(Value::Record)
    }

    /// What the description does not tell, as a later version of the contract may add it, is passed over.
    fn structure(&mut self, fields: &Fields) -> Result<Value, Reason> {
        let mut values = vec![None; fields.0.len()];
        self.spend(values.len())?;
        self.fields(|reader, name| match fields.0.iter().position(|(known, _)| known.as_bytes() == name) {
            Some(place) if values[place].is_some() => Err("a field is there twice"),
            Some(place) => {
                values[place] = Some(reader.value(&fields.0[place].1)?);
                Ok(())
            }
            None => reader.skip(),
        })?;
        let complete = values.into_iter().zip(&fields.0).map(|(value, (_, shape))| absent_or(value, shape));
        complete.collect::<Result<_, _>>().map(Value::Record)
    }

    /// Hands the name of each entry of a map to `read`, which has to read or skip the value.
    pub(crate) fn fields(
        &mut self,
        mut read: impl FnMut(&mut Self, &[u8]) -> Result<(), Reason>,
    ) -> Result<(), Reason> {
        for _ in 0..self.map()? {
            if self.u32()? != tag::SYMBOL {
                return Err("a field's name is no symbol");
            }
            let name = self.opaque()?;
            read(self, name)?;
        }
        Ok(())
    }

    fn union(&mut self, union: &Union) -> Result<Value, Reason> {
        let count = self.vec()?;
        if count == 0 || self.u32()? != tag::SYMBOL {
            return Err("the union does not begin with the name of its case");
        }
        let name = self.opaque()?;
        let Some(case) = union.cases.iter().position(|(known, _)| known.as_bytes() == name) else {
            return Err("the description does not tell this case of the union");
        };
        let (name, contents) = &union.cases[case];
        let shapes = contents.as_deref().unwrap_or_default();
        if count - 1 != shapes.len() {
            return Err("the union's case has other contents than the description tells");
        }
        let kind = Value::Text(name.clone());
        if union.plain {
            return Ok(kind);
        }
        self.spend(union.cases.len())?;
        let mut values = vec![kind];
        for (place, (_, contents)) in union.cases.iter().enumerate() {
            match contents {
                None => {}
                Some(shapes) if place == case => {
                    let read = shapes.iter().map(|shape| self.value(shape));
                    values.push(Value::Record(read.collect::<Result<_, _>>()?));
                }
                Some(_) => values.push(Value::Null),
            }
        }
        Ok(Value::Record(values))
    }

    fn error_of(&mut self, of: u32, cases: &Cases) -> Result<Value, Reason> {
        if of == tag::U32 {
            return self.u32().and_then(|number| cases.name(number));
        }
        match ScError::read(self)? {
            ScError::Contract(number) => cases.name(number),
            ScError::Host(text) => Ok(Value::Text(text)),
        }
    }

    /// A function that may fail gives either what it promises or an error.
    fn outcome(&mut self, (good, bad): &(Shape, Shape)) -> Result<Value, Reason> {
        let failed = self.peek()? == tag::ERROR && !good.admits(tag::ERROR);
        Ok(Value::Record(if failed {
            vec![Value::Null, self.value(bad)?]
        } else {
            vec![self.value(good)?, Value::Null]
        }))
    }
}

impl Cases {
    fn name(&self, number: u32) -> Result<Value, Reason> {
        let case = self.0.iter().find(|(_, known)| *known == number);
        case.map(|(name, _)| Value::Text(name.clone())).ok_or("the description does not tell this case")
    }
}

/// The value of a field; absent for an option that is not there.
pub(crate) fn absent_or(value: Option<Value>, shape: &Shape) -> Result<Value, Reason> {
    match (value, shape) {
        (Some(value), _) => Ok(value),
        (None, Shape::Optional(_) | Shape::Void) => Ok(Value::Null),
        (None, _) => Err("the field is missing"),
    }
}
