//! The items of `getSignaturesForAddress`.

use serde::Deserialize;
use serde_json::value::RawValue;

/// One transaction of an address's history.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignatureInfo<'a> {
    /// In base58.
    pub signature: &'a str,
    /// Where it landed.
    pub slot: u64,
    /// Why it failed, in any form; `None` when it succeeded.
    #[serde(borrow)]
    pub err: Option<&'a RawValue>,
    /// In seconds.
    pub block_time: Option<i64>,
    /// `processed`, `confirmed` or `finalized`, as of when it was asked.
    #[serde(borrow)]
    pub confirmation_status: Option<&'a str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memos_and_new_fields_are_no_matter() {
        let json = r#"[{"blockTime":1795248217,"confirmationStatus":"confirmed","err":{"InstructionError":[0,{"Custom":1}]},
            "memo":"[13] \"memo\" \u00e9","signature":"abc","slot":484,"transactionIndex":3},
            {"err":null,"signature":"d","slot":1}]"#;
        let items: Vec<SignatureInfo<'_>> = serde_json::from_str(json).unwrap();
        assert_eq!((items[0].signature, items[0].slot, items[0].err.is_some()), ("abc", 484, true));
        assert_eq!((items[1].err.is_none(), items[1].block_time), (true, None));
    }
}
