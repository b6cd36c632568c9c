//! What the Sui network's packages declare, and that events are what they declare.

use std::collections::HashMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chainbell_devnet::sui::TxSpec;
use serde_json::{Map, Value, json};
use sui_rpc::{
    Client,
    proto::sui::rpc::v2::{
        Ability, DatatypeDescriptor, FieldDescriptor, GetDatatypeRequest, GetFunctionRequest,
        GetPackageRequest, ListPackageVersionsRequest, OpenSignatureBody, Package,
        datatype_descriptor::DatatypeKind, open_signature_body::Type,
    },
};
use sui_sdk_types::{Address, StructTag, TypeTag};
use tonic::{Code, Status};

use crate::sui_support::{checkpoint, devnet, package, upgraded};

async fn describe(client: &Client, id: &Address) -> Result<Package, Status> {
    let answer = client.clone().package_client().get_package(GetPackageRequest::new(id)).await?;
    Ok(answer.into_inner().package.unwrap())
}

#[tokio::test]
async fn packages_types_and_functions_are_described() {
    let (devnet, mut client) = devnet(0).await;
    let (original, second) = (package(&devnet), upgraded(&devnet));
    let described = describe(&client, &second).await.unwrap();
    assert_eq!(described.storage_id(), second.to_string());
    assert_eq!(described.original_id(), original.to_string());
    assert_eq!(described.version(), 2);
    let names: Vec<_> = described.modules.iter().map(|module| module.name()).collect();
    assert_eq!(names, ["gold", "market"]);
    let defined: HashMap<_, _> =
        described.modules[1].datatypes.iter().map(|one| (one.name(), one.defining_id())).collect();
    assert_eq!(defined["Paused"], second.to_string());
    assert_eq!(defined["Traded"], original.to_string());
    let first = describe(&client, &original).await.unwrap();
    assert!(first.modules[1].datatypes.iter().all(|one| one.name() != "Paused"));

    let mut packages = client.package_client();
    let datatype = packages.get_datatype(GetDatatypeRequest::new(&original, "market", "Traded")).await;
    let datatype = datatype.unwrap().into_inner().datatype.unwrap();
    assert_eq!(datatype.type_parameters.len(), 2);
    assert!(datatype.type_parameters[0].is_phantom());
    assert_eq!(datatype.abilities, [Ability::Copy as i32, Ability::Drop as i32]);
    let function = packages.get_function(GetFunctionRequest::new(&original, "market", "trade")).await;
    let function = function.unwrap().into_inner().function.unwrap();
    assert_eq!((function.type_parameters.len(), function.parameters.len()), (2, 4));
    let versions = packages.list_package_versions(ListPackageVersionsRequest::new(&original)).await;
    let versions = versions.unwrap().into_inner().versions;
    assert_eq!(versions.iter().map(|one| one.version()).collect::<Vec<_>>(), [1, 2]);

    let missing = describe(&client, &Address::from_static("0x77")).await.unwrap_err();
    assert_eq!(missing.code(), Code::NotFound);
    let clock = describe(&client, &Address::from_static("0x6")).await.unwrap_err();
    assert_eq!(clock.code(), Code::InvalidArgument);
    let missing = packages.get_datatype(GetDatatypeRequest::new(&original, "market", "Paused")).await;
    assert_eq!(missing.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn a_package_that_was_published_can_be_called() {
    let (devnet, client) = devnet(0).await;
    let accounts = devnet.accounts();
    devnet.mine_with(vec![TxSpec::publish(accounts[0])]);
    let told = checkpoint(&client, 1, "transactions.effects.changed_objects").await.unwrap();
    let objects = &told.transactions[0].effects().changed_objects;
    let id = objects.iter().find(|one| one.object_type() == "package").unwrap().object_id();
    let id: Address = id.parse().unwrap();
    assert_eq!(describe(&client, &id).await.unwrap().original_id(), id.to_string());
    devnet.mine_with(vec![TxSpec::transfer(accounts[0], id, accounts[1], 3)]);
    let event = devnet.canonical_events().pop().unwrap();
    assert_eq!((event.checkpoint, event.amount), (2, 3));
    assert_eq!(event.event_type, format!("{id}::market::Transferred"));
}

#[tokio::test]
async fn events_are_what_their_package_declares() {
    let (devnet, client) = devnet(40).await;
    let mut types = HashMap::new();
    for id in [package(&devnet), upgraded(&devnet)] {
        for datatype in
            describe(&client, &id).await.unwrap().modules.into_iter().flat_map(|one| one.datatypes)
        {
            types.insert(datatype.type_name().to_owned(), datatype);
        }
    }
    let mut seen = 0;
    for height in 0..=devnet.head() {
        let told = checkpoint(&client, height, "transactions.events.events").await.unwrap();
        for event in told.transactions.iter().flat_map(|one| &one.events).flat_map(|events| &events.events) {
            let tag: StructTag = event.event_type().parse().unwrap();
            let mut bytes = event.contents().value();
            let decoded =
                Decoder { types: &types, bytes: &mut bytes }.datatype(&name(&tag), tag.type_params());
            assert!(bytes.is_empty(), "{tag}");
            assert_eq!(decoded, serde_json::to_value(event).unwrap()["json"], "{tag}");
            seen += 1;
        }
    }
    assert!(seen > 100);
}

fn name(tag: &StructTag) -> String {
    format!("{}::{}::{}", tag.address(), tag.module(), tag.name())
}

/// Reads BCS by descriptions alone.
struct Decoder<'a, 'b> {
    types: &'a HashMap<String, DatatypeDescriptor>,
    bytes: &'a mut &'b [u8],
}

impl Decoder<'_, '_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let (head, rest) = self.bytes.split_at(N);
        *self.bytes = rest;
        head.try_into().unwrap()
    }

    fn length(&mut self) -> usize {
        let [byte] = self.take();
        assert!(byte < 0x80, "nothing here is so long");
        usize::from(byte)
    }

    fn text(&mut self) -> Value {
        let length = self.length();
        let (head, rest) = self.bytes.split_at(length);
        *self.bytes = rest;
        json!(std::str::from_utf8(head).unwrap())
    }

    fn datatype(&mut self, name: &str, of: &[TypeTag]) -> Value {
        let short = name.replace(&"0".repeat(63), "");
        match short.as_str() {
            "0x1::string::String" => return self.text(),
            "0x2::object::ID" => return json!(Address::new(self.take()).to_string()),
            _ => {}
        }
        let datatype = &self.types[name];
        if datatype.kind() == DatatypeKind::Struct {
            return Value::Object(self.fields(&datatype.fields, of));
        }
        let variant = &datatype.variants[self.length()];
        let mut fields = self.fields(&variant.fields, of);
        fields.insert("@variant".to_owned(), json!(variant.name()));
        Value::Object(fields)
    }

    fn fields(&mut self, fields: &[FieldDescriptor], of: &[TypeTag]) -> Map<String, Value> {
        fields.iter().map(|field| (field.name().to_owned(), self.open(field.r#type(), of))).collect()
    }

    fn open(&mut self, body: &OpenSignatureBody, of: &[TypeTag]) -> Value {
        let inner = body.type_parameter_instantiation.first();
        match body.r#type() {
            Type::Bool => json!(self.take::<1>() == [1]),
            Type::U64 => json!(u64::from_le_bytes(self.take()).to_string()),
            Type::U128 => json!(u128::from_le_bytes(self.take()).to_string()),
            Type::U256 => {
                let low = u128::from_le_bytes(self.take());
                assert_eq!(self.take::<16>(), [0; 16]);
                json!(low.to_string())
            }
            Type::Address => json!(Address::new(self.take()).to_string()),
            Type::Parameter => self.closed(&of[body.type_parameter() as usize]),
            Type::Vector => {
                (0..self.length()).map(|_| self.open(inner.unwrap(), of)).collect::<Vec<_>>().into()
            }
            Type::Datatype if body.type_name().ends_with("::option::Option") => {
                if self.take() == [1] {
                    self.open(inner.unwrap(), of)
                } else {
                    Value::Null
                }
            }
            Type::Datatype => self.datatype(body.type_name(), &[]),
            other => unreachable!("{other:?}"),
        }
    }

    fn closed(&mut self, tag: &TypeTag) -> Value {
        match tag {
            TypeTag::U64 => json!(u64::from_le_bytes(self.take()).to_string()),
            TypeTag::Vector(_) => {
                let bytes: Vec<u8> = (0..self.length()).map(|_| self.take::<1>()[0]).collect();
                json!(STANDARD.encode(bytes))
            }
            TypeTag::Struct(tag) => self.datatype(&name(tag), tag.type_params()),
            other => unreachable!("{other}"),
        }
    }
}
