//! Fetches the IDL that a program's account on the chain holds.

use base64::{Engine, prelude::BASE64_STANDARD};
use chainbell_model::{Address, ChainError, Height};
use chainbell_rpc::EndpointId;
use serde::Deserialize;
use serde_json::json;

use super::{
    SolanaChain,
    ask::{Question, malformed},
    header::bad,
    patience::Trouble,
};
use crate::{address, idl};

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    value: Option<Account<'a>>,
}

#[derive(Deserialize)]
struct Account<'a> {
    /// The bytes and their encoding.
    #[serde(borrow)]
    data: (&'a str, &'a str),
}

impl SolanaChain {
    /// The IDL of the program, as Anchor keeps it; `None` where there is none.
    pub(super) async fn idl_of(&self, program: &Address) -> Result<Option<Vec<u8>>, ChainError> {
        let Ok(program) = <&[u8; 32]>::try_from(&**program) else { return Ok(None) };
        let holder = idl::account::idl_address(program);
        let Some(data) = self.patiently(Height(0), |avoid| self.account(&holder, avoid)).await? else {
            return Ok(None);
        };
        let mut text = String::new();
        address::push_text(&holder, &mut text);
        let unreadable =
            |reason| ChainError::Misconfigured(format!("the IDL account {text} cannot be read: {reason}"));
        idl::account::read(&data).map(Some).map_err(unreadable)
    }

    async fn account(
        &self,
        account: &[u8; 32],
        avoid: Option<EndpointId>,
    ) -> Result<Option<Vec<u8>>, Trouble> {
        let mut text = String::new();
        address::push_text(account, &mut text);
        let params = json!([text, {"encoding": "base64", "commitment": "confirmed"}]);
        let reply = self.ask(Question::light("getAccountInfo", params), avoid).await?;
        let answer: Answer<'_> = reply.parse().map_err(|error| malformed(&reply, &error))?;
        let Some(Account { data: (data, encoding) }) = answer.value else { return Ok(None) };
        let bytes = BASE64_STANDARD.decode(data).ok().filter(|_| encoding == "base64");
        bytes.map(Some).ok_or_else(|| bad(&reply, "an account that is not in base64".to_owned()))
    }
}
