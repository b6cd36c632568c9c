//! The Sui network read by the client of Sui's own library.

use std::time::Duration;

use chainbell_devnet::{
    SuiDevnetConfig,
    sui::{CommandSpec, EventSpec, Fill, Item, Side, SystemSpec, TxSpec},
};
use futures_util::StreamExt as _;
use sui_rpc::{
    client::{CheckpointStreamRequest, CheckpointStreamStart, ResponseExt as _},
    proto::sui::rpc::v2::{
        BatchGetTransactionsRequest, Checkpoint, GetBalanceRequest, GetCheckpointRequest, GetEpochRequest,
        GetServiceInfoRequest, GetTransactionRequest, ListCheckpointsRequest, QueryEndReason, QueryOptions,
        SubscribeCheckpointsRequest,
    },
};
use tonic::Code;

use crate::sui_support::{checkpoint, devnet, devnet_with, mask, package, upgraded};

#[tokio::test]
async fn a_node_says_what_it_is() {
    let (devnet, mut client) = devnet(7).await;
    devnet.set_lowest(3);
    let answer = client.ledger_client().get_service_info(GetServiceInfoRequest::default()).await.unwrap();
    assert_eq!(answer.checkpoint_height(), Some(7));
    assert_eq!(answer.lowest_available_checkpoint(), Some(3));
    assert_eq!(answer.epoch(), Some(0));
    assert_eq!(answer.chain_id().unwrap().to_base58(), devnet.chain_id());
    let info = answer.into_inner();
    assert_eq!(info.chain_id(), devnet.chain_id());
    assert_eq!(info.checkpoint_height(), 7);
    assert_eq!(info.lowest_available_checkpoint(), 3);
    assert_eq!(info.timestamp.unwrap().seconds, 1_700_000_001);
    assert_eq!(info.timestamp.unwrap().nanos, 750_000_000);
}

#[tokio::test]
async fn digests_are_those_of_the_content() {
    let config = SuiDevnetConfig { checkpoints_per_epoch: 6, ..SuiDevnetConfig::default() };
    let (devnet, client) = devnet_with(config, 20).await;
    let mut previous = None;
    let mut total = 0;
    for (height, known) in (0..).zip(devnet.canonical_checkpoints()) {
        let told = checkpoint(&client, height, "*").await.unwrap();
        let summary = sui_sdk_types::CheckpointSummary::try_from(told.summary.as_ref().unwrap()).unwrap();
        assert_eq!(summary.digest().to_base58(), known.digest);
        assert_eq!(told.digest(), known.digest);
        let bcs: sui_sdk_types::CheckpointSummary = told.summary().bcs().deserialize().unwrap();
        assert_eq!(bcs, summary);
        let contents: sui_sdk_types::CheckpointContents = told.contents().bcs().deserialize().unwrap();
        assert_eq!(contents.digest(), summary.content_digest);
        assert_eq!(summary.previous_digest, previous);
        previous = Some(summary.digest());
        total += told.transactions.len() as u64;
        assert_eq!(summary.network_total_transactions, total);
        transactions_agree(&told, &contents);
    }
}

fn transactions_agree(told: &Checkpoint, contents: &sui_sdk_types::CheckpointContents) {
    assert_eq!(told.transactions.len(), contents.transactions().len());
    for (told, info) in told.transactions.iter().zip(contents.transactions()) {
        let transaction: sui_sdk_types::Transaction = told.transaction().bcs().deserialize().unwrap();
        assert_eq!(transaction.digest(), *info.transaction());
        assert_eq!(told.digest(), info.transaction().to_base58());
        let readable = sui_sdk_types::Transaction::try_from(told.transaction()).unwrap();
        assert_eq!(readable, transaction);
        let effects: sui_sdk_types::TransactionEffects = told.effects().bcs().deserialize().unwrap();
        assert_eq!(effects.digest(), *info.effects());
        assert_eq!(effects.transaction_digest(), info.transaction());
        let events = told.events.as_ref().map(|events| {
            let bcs: sui_sdk_types::TransactionEvents = events.bcs().deserialize().unwrap();
            assert_eq!(sui_sdk_types::TransactionEvents::try_from(events).unwrap(), bcs);
            bcs.digest()
        });
        assert_eq!(effects.events_digest(), events.as_ref());
    }
}

#[tokio::test]
async fn events_are_those_of_the_oracle() {
    let (devnet, client) = devnet(30).await;
    let known = devnet.canonical_events();
    assert!(known.len() > 80);
    let mut seen = 0;
    for height in 0..=devnet.head() {
        let told =
            checkpoint(&client, height, "digest,transactions.digest,transactions.events").await.unwrap();
        for transaction in &told.transactions {
            for event in transaction.events.iter().flat_map(|events| &events.events) {
                let expected = &known[seen];
                assert_eq!(told.digest(), expected.digest);
                assert_eq!(transaction.digest(), expected.transaction);
                assert_eq!(event.transaction_digest(), expected.transaction);
                assert_eq!(event.event_index(), expected.index);
                assert_eq!(event.package_id(), expected.package);
                assert_eq!(event.event_type(), expected.event_type);
                assert_eq!(event.sender(), expected.sender);
                assert_eq!(event.contents().value(), expected.contents);
                seen += 1;
            }
        }
    }
    assert_eq!(seen, known.len());
    for name in ["Transferred", "Listed", "Traded", "Paused"] {
        assert!(known.iter().any(|event| event.name == name), "{name}");
    }
}

#[tokio::test]
async fn only_what_the_mask_names_is_told() {
    let (_devnet, mut client) = devnet(3).await;
    let answer = client.ledger_client().get_checkpoint(GetCheckpointRequest::latest()).await.unwrap();
    let bare = answer.into_inner().checkpoint.unwrap();
    assert_eq!(bare.sequence_number(), 3);
    assert!(bare.digest.is_some() && bare.summary.is_none() && bare.transactions.is_empty());
    let some = "summary.timestamp,transactions.digest,transactions.events.events.event_type";
    let told = checkpoint(&client, 2, some).await.unwrap();
    assert_eq!((&told.sequence_number, &told.digest, &told.contents), (&None, &None, &None));
    assert!(told.summary().timestamp.is_some() && told.summary().digest.is_none());
    assert!(told.objects.is_none() && told.signature.is_none());
    for transaction in &told.transactions {
        assert!(transaction.digest.is_some());
        assert!(transaction.effects.is_none() && transaction.transaction.is_none());
        assert!(transaction.balance_changes.is_empty() && transaction.checkpoint.is_none());
        for event in transaction.events.iter().flat_map(|events| &events.events) {
            assert!(event.event_type.is_some() && event.contents.is_none() && event.json.is_none());
        }
    }
    let refused = checkpoint(&client, 2, "nonsense").await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert_eq!(refused.message(), "invalid read_mask path: nonsense");
}

#[tokio::test]
async fn what_is_not_there_is_said_so() {
    let (devnet, mut client) = devnet(9).await;
    devnet.set_lowest(4);
    let status = checkpoint(&client, 10, "digest").await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::NotFound, "Checkpoint 10 not found"));
    let status = checkpoint(&client, 3, "digest").await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::NotFound, "Old checkpoints have been pruned"));
    assert!(checkpoint(&client, 4, "digest").await.is_ok());
    let unknown = sui_sdk_types::Digest::new([3; 32]);
    let status = client.ledger_client().get_checkpoint(GetCheckpointRequest::by_digest(&unknown)).await;
    assert_eq!(status.unwrap_err().code(), Code::NotFound);
    let status = client.ledger_client().get_transaction(GetTransactionRequest::new(&unknown)).await;
    assert_eq!(status.unwrap_err().code(), Code::NotFound);
    let mut request = ListCheckpointsRequest::default();
    request.start_checkpoint = Some(2);
    let status = client.ledger_client().list_checkpoints(request).await.unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange);
    let status = client.ledger_client().get_epoch(GetEpochRequest::latest()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
    let status = client.state_client().get_balance(GetBalanceRequest::default()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
}

#[tokio::test]
async fn checkpoints_and_transactions_are_found_by_digest() {
    let (devnet, mut client) = devnet(6).await;
    let known = &devnet.canonical_checkpoints()[5];
    let by_digest = GetCheckpointRequest::by_digest(&known.digest.parse().unwrap());
    let told = client.ledger_client().get_checkpoint(by_digest).await.unwrap().into_inner();
    assert_eq!(told.checkpoint.unwrap().sequence_number(), 5);
    let digests: Vec<_> = known.transactions.iter().map(|one| one.digest.clone()).collect();
    let mut request = GetTransactionRequest::default();
    request.digest = Some(digests[2].clone());
    request.read_mask =
        Some(mask("digest,checkpoint,timestamp,transaction_index,balance_changes,effects.status"));
    let told = client.ledger_client().get_transaction(request).await.unwrap().into_inner();
    let told = told.transaction.unwrap();
    assert_eq!((told.checkpoint(), told.transaction_index()), (5, 2));
    assert_eq!(told.effects().status().success(), !known.transactions[2].failed);
    assert_eq!(told.balance_changes.len(), known.transactions[2].balance_changes.len());
    let mut request = BatchGetTransactionsRequest::default();
    request.digests = digests.clone();
    request.digests.push(sui_sdk_types::Digest::ZERO.to_base58());
    let batch = client.ledger_client().batch_get_transactions(request).await.unwrap().into_inner();
    let mut results: Vec<_> = batch.transactions.into_iter().map(|one| one.to_result()).collect();
    assert_eq!(results.pop().unwrap().unwrap_err().code, i32::from(Code::NotFound));
    let told: Vec<_> = results.into_iter().map(|one| one.unwrap().digest.unwrap()).collect();
    assert_eq!(told, digests);
}

#[tokio::test]
async fn lists_go_as_far_as_they_may() {
    let config = SuiDevnetConfig { max_listed: 5, ..SuiDevnetConfig::default() };
    let (_devnet, mut client) = devnet_with(config, 12).await;
    let mut list = async |from: u64, to: Option<u64>, limit: Option<u32>, after: Option<Vec<u8>>| {
        let mut options = QueryOptions::default();
        options.limit = limit;
        options.after = after.map(Into::into);
        let mut request = ListCheckpointsRequest::default();
        request.start_checkpoint = Some(from);
        request.end_checkpoint = to;
        request.options = Some(options);
        let mut stream = client.ledger_client().list_checkpoints(request).await.unwrap().into_inner();
        let (mut heights, mut reason, mut cursor) = (Vec::new(), None, None);
        while let Some(frame) = stream.message().await.unwrap() {
            assert_eq!(reason, None, "a frame after the end");
            heights.extend(frame.checkpoint.as_ref().map(|one| one.sequence_number()));
            reason = frame.end.map(|end| end.reason());
            cursor = frame.watermark.unwrap().cursor;
        }
        (heights, reason.unwrap(), cursor.unwrap().to_vec())
    };
    let (heights, reason, cursor) = list(2, Some(20), None, None).await;
    assert_eq!((heights, reason), (vec![2, 3, 4, 5, 6], QueryEndReason::ItemLimit));
    let (heights, reason, cursor) = list(2, Some(20), None, Some(cursor)).await;
    assert_eq!((heights, reason), (vec![7, 8, 9, 10, 11], QueryEndReason::ItemLimit));
    let (heights, reason, _) = list(2, Some(20), None, Some(cursor)).await;
    assert_eq!((heights, reason), (vec![12], QueryEndReason::LedgerTip));
    let (heights, reason, _) = list(2, Some(4), None, None).await;
    assert_eq!((heights, reason), (vec![2, 3], QueryEndReason::CheckpointBound));
    let (heights, reason, _) = list(2, Some(4), Some(1), None).await;
    assert_eq!((heights, reason), (vec![2], QueryEndReason::ItemLimit));
    let (heights, reason, _) = list(40, None, None, None).await;
    assert_eq!((heights, reason), (Vec::new(), QueryEndReason::LedgerTip));
}

#[tokio::test]
async fn older_servers_have_no_lists() {
    let config = SuiDevnetConfig { lists: false, ..SuiDevnetConfig::default() };
    let (_devnet, mut client) = devnet_with(config, 2).await;
    let status = client.ledger_client().list_checkpoints(ListCheckpointsRequest::default()).await;
    assert_eq!(status.unwrap_err().code(), Code::Unimplemented);
}

#[tokio::test]
async fn subscriptions_begin_at_the_tip() {
    let (devnet, mut client) = devnet(4).await;
    let mut request = SubscribeCheckpointsRequest::default();
    request.read_mask = Some(mask("summary.previous_digest"));
    let stream = client.subscription_client().subscribe_checkpoints(request).await.unwrap();
    assert_eq!(stream.checkpoint_height(), Some(4));
    let mut stream = stream.into_inner();
    devnet.mine(3);
    for height in 5..=7 {
        let frame = stream.message().await.unwrap().unwrap();
        assert_eq!(frame.cursor(), height);
        let told = frame.checkpoint.unwrap();
        assert_eq!(told.sequence_number, None);
        assert_eq!(told.summary().previous_digest(), devnet.digest(height - 1).unwrap());
    }
    devnet.shutdown().await;
    assert_eq!(stream.message().await.unwrap_err().code(), Code::Unavailable);
}

#[tokio::test]
async fn streams_of_the_library_go_from_the_past_into_the_future() {
    let (devnet, client) = devnet(30).await;
    // The library waits for the first checkpoint that is pushed before it lists what came before.
    devnet.auto_mine(Duration::from_millis(20));
    let request = CheckpointStreamRequest::new()
        .with_read_mask(mask("sequence_number,digest"))
        .with_start(CheckpointStreamStart::Checkpoint(3));
    let mut stream = Box::pin(client.stream_checkpoints(request));
    for height in 3..60 {
        let told = stream.next().await.unwrap().unwrap().checkpoint.unwrap();
        assert_eq!(told.sequence_number(), height);
        assert_eq!(told.digest(), devnet.digest(height).unwrap());
    }
}

#[tokio::test]
async fn transactions_by_hand_do_what_they_say() {
    let (devnet, client) = devnet(1).await;
    let accounts = devnet.accounts();
    let (alice, bob, carol) = (accounts[0], accounts[1], accounts[2]);
    let (package, upgraded) = (package(&devnet), upgraded(&devnet));
    let trade = EventSpec::Traded {
        gold: true,
        item: Item::Text("lamp".into()),
        side: Side::Limit { price: 3, post_only: true },
        fills: vec![Fill { price: 1, quantity: 2 }],
        amount: 77,
    };
    let paused = EventSpec::Paused { reason: "rain".into(), amount: 5 };
    devnet.mine_with(vec![
        TxSpec::system(SystemSpec::Prologue),
        TxSpec::transfer(alice, package, bob, u64::MAX),
        TxSpec::call(alice, upgraded, vec![trade.clone(), paused]),
        TxSpec::call(bob, package, vec![trade]).aborting(9),
        TxSpec::pay(alice, bob, 1_000).sponsored_by(carol),
        TxSpec::pay_gold(bob, carol, 30),
        TxSpec::publish(carol).then(CommandSpec::Pay { to: alice, amount: 1 }),
        TxSpec::pay(alice, bob, u64::MAX),
    ]);
    let told = checkpoint(&client, 2, "*").await.unwrap();
    let [prologue, transfer, call, failed, pay, gold, publish, broke] = &told.transactions[..] else {
        unreachable!("{} transactions", told.transactions.len());
    };
    assert_eq!(prologue.transaction().sender(), sui_sdk_types::Address::ZERO.to_string());
    assert!(prologue.balance_changes.is_empty() && prologue.events.is_none());

    let events = devnet.canonical_events();
    let of = |digest: &str| events.iter().filter(|one| one.transaction == digest).collect::<Vec<_>>();
    assert_eq!(of(transfer.digest())[0].amount, u64::MAX);
    let both = of(call.digest());
    assert_eq!(both.len(), 2);
    assert_eq!(both[0].package, upgraded.to_string());
    let original = package.to_string();
    let expected =
        format!("{original}::market::Traded<{original}::gold::GOLD, 0x{:064x}::string::String>", 1);
    assert_eq!(both[0].event_type.replace(", ", ","), expected.replace(", ", ","));
    assert_eq!(both[1].event_type, format!("{upgraded}::market::Paused"));
    let json = &serde_json::to_value(&call.events().events[0]).unwrap()["json"];
    assert_eq!(json["item"], "lamp");
    let side = serde_json::json!({"@variant": "Limit", "price": "3", "post_only": true});
    assert_eq!(json["side"], side);
    assert_eq!(json["amount"], "77");

    assert!(!failed.effects().status().success() && failed.events.is_none());
    assert_eq!(failed.effects().status().error().abort().abort_code(), 9);
    let change = |transaction: &sui_rpc::proto::sui::rpc::v2::ExecutedTransaction,
                  who: sui_sdk_types::Address| {
        let changes = transaction.balance_changes.iter();
        let of = changes.filter(|one| one.address() == who.to_string());
        of.map(|one| one.amount().parse::<i64>().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(change(pay, alice), [-1_000]);
    assert_eq!(change(pay, bob), [1_000]);
    assert!(change(pay, carol)[0] < 0);
    assert_eq!(change(gold, carol), [30]);
    assert_eq!(change(gold, bob).len(), 2);
    assert_eq!(change(publish, alice), [1]);
    let written = &publish.effects().changed_objects;
    assert!(written.iter().any(|one| one.object_type() == "package"));
    assert!(!broke.effects().status().success());
    assert_eq!(change(broke, bob), [0_i64; 0]);
}
