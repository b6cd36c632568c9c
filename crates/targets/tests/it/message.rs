//! Messages to send.

use std::sync::Arc;

use chainbell_model::{
    BlockFacts, BlockId, DeliveryId, Facts, Finality, Height, MatchId, Message, MessageKind, Position,
    PositionKind, TenantId, Timestamp, TxId,
};

pub(crate) fn facts() -> Facts {
    Facts {
        block: Arc::new(BlockFacts {
            network: "ethereum".into(),
            chain: "evm".into(),
            height: Height(19_000_000),
            id: format!("0x{}", "ab".repeat(32)),
            time: Timestamp(1_705_173_443_000),
        }),
        transaction_id: format!("0x{}", "cd".repeat(32)),
        transaction_index: 7,
        transaction_json: Some(
            r#"{"from":"0x28C6c06298d514Db089934071355E5743bf21d60","value":"0","index":99}"#.into(),
        ),
        position: Position { kind: PositionKind::Event, index: 12, sub: 0 },
        contract: Some("0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48".into()),
        name: "Transfer".into(),
        signature: "Transfer(address,address,uint256)".into(),
        attributes_json: None,
        args_json: concat!(
            r#"{"from":"0x28C6c06298d514Db089934071355E5743bf21d60","#,
            r#""to":"0x21a31Ee1afC51d94C2eFcCAa2092aD1028285549","value":"2500000000000"}"#
        )
        .into(),
    }
}

pub(crate) fn message(facts: Facts) -> Message {
    let monitor = "large-usdc-transfers".into();
    let match_id = MatchId::derive(
        &facts.block.network,
        &BlockId([0xab; 32]),
        &TxId::from([0xcd; 32]),
        facts.position,
        (&TenantId::default(), &monitor),
    );
    let target = "treasury".into();
    Message {
        id: DeliveryId::derive(&match_id, &target, 0),
        kind: MessageKind::Match,
        tenant: TenantId::default(),
        target,
        monitor,
        match_id,
        deliver_at: Finality::Confirmed,
        created: Timestamp(1_705_173_455_250),
        attempt: 1,
        facts: Arc::new(facts),
    }
}

pub(crate) fn retraction(of: Message) -> Message {
    Message { id: of.id.retraction(), kind: MessageKind::Retraction { of: of.id }, ..of }
}
