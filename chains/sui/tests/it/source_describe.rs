//! A package's description comes from the chain, with those whose types it uses.

use chainbell_model::{ArgMask, Chain as _, ChainError, Value};
use sui_rpc::proto::sui::rpc::v2::{
    Ability, DatatypeDescriptor, FieldDescriptor, Module, OpenSignatureBody, Package,
    datatype_descriptor::DatatypeKind, open_signature_body::Type,
};

use crate::source_support::{ALICE, BOB, Node, PACKAGE, bytes, chain, events, fetch};

const STRING: &str = "0x0000000000000000000000000000000000000000000000000000000000000001::string::String";

fn field(name: &str, ty: Type, type_name: Option<&str>) -> FieldDescriptor {
    let mut body = OpenSignatureBody::default();
    body.set_type(ty);
    body.type_name = type_name.map(str::to_owned);
    let mut field = FieldDescriptor::default();
    field.name = Some(name.to_owned());
    field.r#type = Some(body);
    field
}

fn package(id: &str, module: &str, name: &str, mut fields: Vec<FieldDescriptor>) -> Package {
    for (place, field) in (0..).zip(&mut fields) {
        field.position = Some(place);
    }
    let mut datatype = DatatypeDescriptor::default();
    datatype.type_name = Some(format!("{id}::{module}::{name}"));
    datatype.defining_id = Some(id.to_owned());
    datatype.module = Some(module.to_owned());
    datatype.name = Some(name.to_owned());
    datatype.set_kind(DatatypeKind::Struct);
    datatype.abilities = vec![Ability::Copy as i32, Ability::Drop as i32];
    datatype.fields = fields;
    let mut described = Module::default();
    described.name = Some(module.to_owned());
    described.contents = Some(vec![0xa1; 1_000].into());
    described.datatypes = vec![datatype];
    let mut package = Package::default();
    package.storage_id = Some(id.to_owned());
    package.original_id = Some(id.to_owned());
    package.version = Some(1);
    package.modules = vec![described];
    package
}

/// The shop sells things that are described elsewhere, and those belong to somebody else's world.
async fn node() -> Node {
    let node = Node::start(9).await;
    node.change(|state| {
        let thing = format!("{BOB}::thing::Thing");
        let world = format!("{ALICE}::world::World");
        let sold = vec![field("height", Type::U8, None), field("thing", Type::Datatype, Some(&thing))];
        let held = vec![field("place", Type::U8, None)];
        let unused =
            vec![field("name", Type::Datatype, Some(STRING)), field("world", Type::Datatype, Some(&world))];
        let mut things = package(BOB, "thing", "Thing", held);
        things.modules.extend(package(BOB, "other", "Other", unused).modules);
        state.packages = [
            (PACKAGE.to_owned(), package(PACKAGE, "shop", "Sold", sold)),
            (BOB.to_owned(), things),
            (ALICE.to_owned(), package(ALICE, "world", "World", vec![field("size", Type::U64, None)])),
        ]
        .into();
    });
    node
}

#[tokio::test]
async fn events_decode_by_the_description_that_the_chain_keeps() {
    let node = node().await;
    let chain = chain(&[&node], |_| {});
    let description = chain.describe(&bytes(PACKAGE)).await.unwrap().unwrap();
    assert!(description.len() < 10_000, "without bytecode");
    assert!(node.asked(&format!("package {PACKAGE}")) == 1 && node.asked(&format!("package {BOB}")) == 1);
    let interface = chain.dialect().interface(&description).unwrap();
    let decoder = interface.events("shop::Sold").unwrap().remove(0);
    let block = fetch(&chain, 5, 5, &events()).await.unwrap().blocks.remove(0);
    let mut values = Vec::new();
    for (place, event) in (0u64..).zip(&block.events) {
        assert!(decoder.fits(&event.payload));
        decoder.decode(&event.payload, ArgMask::MAX, &mut values).unwrap();
        assert_eq!(values[0], Some(Value::Int(5u64.into())));
        assert_eq!(values[1], Some(Value::Record(vec![Value::Int(place.into())])));
    }
}

#[tokio::test]
async fn where_no_package_lies_there_is_no_description() {
    let node = node().await;
    let chain = chain(&[&node], |_| {});
    let nowhere = bytes(&PACKAGE.replace("aa", "cc"));
    assert_eq!(chain.describe(&nowhere).await.unwrap(), None);
    // Of what it uses, one may be missing.
    node.change(|state| drop(state.packages.remove(BOB)));
    let description = chain.describe(&bytes(PACKAGE)).await.unwrap().unwrap();
    let interface = chain.dialect().interface(&description).unwrap();
    assert!(interface.events("shop::Sold").is_err());
    assert!(!interface.events("*").unwrap().is_empty());
}

#[tokio::test]
async fn a_description_with_too_many_others_is_bounded() {
    let node = Node::start(1).await;
    let id = |number: u64| format!("0x{:064x}", number + 0x1_0000);
    node.change(|state| {
        for number in 0..200 {
            let next = format!("{}::m::Next", id(number + 1));
            let fields = vec![field("next", Type::Datatype, Some(&next))];
            state.packages.insert(id(number), package(&id(number), "m", "Next", fields));
        }
    });
    let chain = chain(&[&node], |_| {});
    assert!(chain.describe(&bytes(&id(0))).await.unwrap().is_some());
    assert_eq!(node.asked("package"), 64);
}

#[tokio::test]
async fn a_node_that_cannot_be_reached_is_an_error_and_not_an_absence() {
    let node = node().await;
    let chain = chain(&[&node], |_| {});
    drop(node);
    let error = chain.describe(&bytes(PACKAGE)).await.unwrap_err();
    assert!(matches!(error, ChainError::Unavailable { .. }), "{error}");
}
