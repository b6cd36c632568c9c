//! Values that no description tells the type of: each carries its own.

use std::sync::{Arc, LazyLock};

use chainbell_model::{Field, Schema, Type, Value};

use super::{
    error::ScError,
    reader::{Reader, Reason, UNKNOWN, tag},
    text::text,
};

static LIST: LazyLock<Type> = LazyLock::new(|| Type::List(Arc::new(Type::Any)));

/// A map whose keys are not all symbols: a list of its entries.
static ENTRIES: LazyLock<Type> = LazyLock::new(|| {
    let fields = vec![Field::new("key", Type::Any), Field::new("value", Type::Any)];
    Type::List(Arc::new(Type::Record(Arc::new(Schema { fields }))))
});

static INSTANCE: LazyLock<Type> = LazyLock::new(|| {
    let fields = vec![Field::new("executable", Type::Any), Field::new("storage", Type::Any)];
    Type::Record(Arc::new(Schema { fields }))
});

static EXTERNAL: LazyLock<Type> = LazyLock::new(|| {
    let fields = vec![Field::new("owner", Type::Address), Field::new("tag", Type::Text)];
    Type::Record(Arc::new(Schema { fields }))
});

impl<'a> Reader<'a> {
    /// The value that comes next: [`Value::Null`] for void, else [`Value::Any`].
    pub(crate) fn any(&mut self) -> Result<Value, Reason> {
        self.spend(1)?;
        let tag = self.u32()?;
        if tag == tag::VOID {
            return Ok(Value::Null);
        }
        self.typed(tag).map(any_of)
    }

    /// Of the type `of`, which has been read.
    fn typed(&mut self, of: u32) -> Result<(Type, Value), Reason> {
        if let Some(int) = self.int(of) {
            return Ok((int_type(of), Value::Int(int?)));
        }
        Ok(match of {
            tag::BOOL => (Type::Bool, Value::Bool(self.flag()?)),
            tag::ERROR => (Type::Text, Value::Text(ScError::read(self)?.into_text())),
            tag::BYTES => (Type::Bytes, Value::Bytes(self.opaque()?.into())),
            tag::STRING | tag::SYMBOL | tag::EXECUTABLE_TAG => {
                (Type::Text, Value::Text(text(self.opaque()?)))
            }
            tag::ADDRESS => (Type::Address, Value::Address(self.address()?)),
            tag::VEC => (LIST.clone(), self.nested(Self::any_list)?),
            tag::MAP => self.nested(Self::any_map)?,
            tag::CONTRACT_INSTANCE => (INSTANCE.clone(), self.nested(Self::instance)?),
            tag::LEDGER_KEY_CONTRACT_INSTANCE => {
                (Type::Text, Value::Text("ledger_key_contract_instance".into()))
            }
            tag::LEDGER_KEY_NONCE => (Type::Int(64), Value::Int(i64::from_be_bytes(*self.array()?).into())),
            _ => return Err(UNKNOWN),
        })
    }

    fn any_list(&mut self) -> Result<Value, Reason> {
        let count = self.vec()?;
        (0..count).map(|_| self.any()).collect::<Result<_, _>>().map(Value::List)
    }

    /// A record where all keys are symbols, each once and in order, as the host makes them; else a list of the entries.
    fn any_map(&mut self) -> Result<(Type, Value), Reason> {
        let count = self.map()?;
        let mut entries: Vec<(Key<'a>, Value)> = Vec::with_capacity(count);
        let mut names = true;
        for _ in 0..count {
            let key = self.any_key()?;
            names &= match (&key, entries.last()) {
                (Key::Symbol(name), Some((Key::Symbol(last), _))) => name > last,
                (Key::Symbol(_), None) => true,
                _ => false,
            };
            entries.push((key, self.any()?));
        }
        Ok(if names { record(entries) } else { list(entries) })
    }

    fn any_key(&mut self) -> Result<Key<'a>, Reason> {
        if self.peek()? != tag::SYMBOL {
            return self.any().map(Key::Other);
        }
        self.spend(1)?;
        self.u32()?;
        self.opaque().map(Key::Symbol)
    }

    fn instance(&mut self) -> Result<Value, Reason> {
        let executable = match self.u32()? {
            0 => any_of((Type::Bytes, Value::Bytes(self.array::<32>()?.as_slice().into()))),
            1 => any_of((Type::Text, Value::Text("stellar_asset".into()))),
            2 => {
                let owner = Value::Address(self.address()?);
                any_of((EXTERNAL.clone(), Value::Record(vec![owner, Value::Text(text(self.opaque()?))])))
            }
            _ => return Err("the contract's executable is of no known kind"),
        };
        let storage = any_of(self.any_map()?);
        Ok(Value::Record(vec![executable, storage]))
    }
}

enum Key<'a> {
    Symbol(&'a [u8]),
    Other(Value),
}

impl Key<'_> {
    fn into_value(self) -> Value {
        match self {
            Self::Symbol(name) => any_of((Type::Text, Value::Text(text(name)))),
            Self::Other(value) => value,
        }
    }
}

fn record(entries: Vec<(Key<'_>, Value)>) -> (Type, Value) {
    let mut fields = Vec::with_capacity(entries.len());
    let mut values = Vec::with_capacity(entries.len());
    for (key, value) in entries {
        if let Key::Symbol(name) = key {
            fields.push(Field::new(text(name), Type::Any));
            values.push(value);
        }
    }
    (Type::Record(Arc::new(Schema { fields })), Value::Record(values))
}

fn list(entries: Vec<(Key<'_>, Value)>) -> (Type, Value) {
    let entry = |(key, value): (Key<'_>, Value)| Value::Record(vec![key.into_value(), value]);
    (ENTRIES.clone(), Value::List(entries.into_iter().map(entry).collect()))
}

fn any_of(typed: (Type, Value)) -> Value {
    Value::Any(Box::new(typed))
}

pub(crate) fn int_type(of: u32) -> Type {
    match of {
        tag::U32 => Type::Uint(32),
        tag::I32 => Type::Int(32),
        tag::I64 => Type::Int(64),
        tag::U128 => Type::Uint(128),
        tag::I128 => Type::Int(128),
        tag::U256 => Type::Uint(256),
        tag::I256 => Type::Int(256),
        _ => Type::Uint(64),
    }
}
