//! Objects: what they hold, and what becomes of them.

use std::sync::Arc;

use sui_sdk_types::{
    Address, Digest, MoveStruct, Object, ObjectData, ObjectReference, Owner, StructTag, TypeTag,
};

/// What keeping one byte costs, in the smallest unit.
const BYTE_PRICE: u64 = 7_600;
/// What an object takes beside its content.
const OVERHEAD: u64 = 98;

/// One version of an object, with its digest.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) object: Object,
    pub(crate) digest: Digest,
}

impl Kept {
    pub(crate) fn new(object: Object) -> Arc<Self> {
        Arc::new(Self { digest: object.digest(), object })
    }

    pub(crate) fn id(&self) -> Address {
        self.object.object_id()
    }

    pub(crate) fn version(&self) -> u64 {
        self.object.version()
    }

    pub(crate) fn reference(&self) -> ObjectReference {
        ObjectReference::new(self.id(), self.version(), self.digest)
    }

    /// The next version of a struct.
    pub(crate) fn next(&self, version: u64, contents: Vec<u8>, previous: Digest) -> Arc<Self> {
        let owner = *self.object.owner();
        match self.object.data() {
            ObjectData::Struct(data) => {
                structure(data.object_type().clone(), owner, version, contents, previous)
            }
            ObjectData::Package(_) => Self::new(self.object.clone()),
        }
    }

    /// The same from another transaction.
    pub(crate) fn made_by(&self, transaction: Digest) -> Arc<Self> {
        let (data, owner) = (self.object.data().clone(), *self.object.owner());
        Self::new(Object::new(data, owner, transaction, self.object.storage_rebate()))
    }

    pub(crate) fn contents(&self) -> &[u8] {
        self.object.as_struct().map_or(&[], |data| data.contents())
    }

    /// The type of coin and who holds how much; `None` for what is no coin of an address.
    pub(crate) fn holding(&self) -> Option<(&TypeTag, Address, u64)> {
        let data = self.object.as_struct()?;
        let coin = data.object_type().is_coin()?;
        let Owner::Address(owner) = self.object.owner() else { return None };
        Some((coin, *owner, self.balance()))
    }

    /// What a coin holds.
    pub(crate) fn balance(&self) -> u64 {
        let amount = self.contents().get(Address::LENGTH..).and_then(|rest| rest.try_into().ok());
        amount.map_or(0, u64::from_le_bytes)
    }
}

/// A Move object. `contents` begins with its id.
pub(crate) fn structure(
    ty: StructTag,
    owner: Owner,
    version: u64,
    contents: Vec<u8>,
    previous: Digest,
) -> Arc<Kept> {
    let rebate = storage(contents.len());
    let transferable = ty.is_coin().is_some() || ty.name() == "UpgradeCap";
    let data = MoveStruct::new(ty, transferable, version, contents).expect("the content begins with an id");
    Kept::new(Object::new(ObjectData::Struct(data), owner, previous, rebate))
}

/// What keeping an object costs.
pub(crate) fn storage(bytes: usize) -> u64 {
    (bytes as u64 + OVERHEAD) * BYTE_PRICE
}

/// The content of a coin.
pub(crate) fn coin_contents(id: Address, balance: u64) -> Vec<u8> {
    numbered(id, balance)
}

/// The content of an object that is its id and a number.
pub(crate) fn numbered(id: Address, number: u64) -> Vec<u8> {
    [id.as_bytes(), &number.to_le_bytes()].concat()
}
