//! Transfers of the native coin and of tokens.
//!
//! They come from the events of the token standards (SEP-41, CAP-67): `transfer`, `mint`, `burn`, `clawback`. Since protocol 23
//! classic payments emit them too. Fees are events (`fee`, refunds below zero) and a transaction's detail, not transfers.
//! The native coin's own contract tells of native transfers; a token is named by its contract, an issued asset
//! (`CODE:ISSUER`) as well. A muxed destination is the account behind it; its number stays in the event's arguments.
//!
//! Where a node does not tell classic movements as events (metadata before version 4, or the option is off), they are worked
//! out of operations and results: payments, path payments, trades, new accounts and merged ones, claimable balances made,
//! clawbacks. What was claimed, liquidity pools and inflation are then not told. Indexes are those that the events would
//! have.

use chainbell_model::{Address, EventKey, Int, Transfer};
use stellar_xdr::{
    AccountId, AccountMergeResult, Asset, ClaimAtom, ClaimableBalanceId, ClawbackResult, CreateAccountResult,
    CreateClaimableBalanceResult, InnerTransactionResultResult, ManageBuyOfferResult, ManageSellOfferResult,
    Operation, OperationBody, OperationResult, OperationResultTr, PathPaymentStrictReceiveResult,
    PathPaymentStrictSendResult, PaymentResult, SimplePaymentResult, TransactionResultResult,
};

use crate::{
    address,
    assemble::{Moved, Network, Reading, Wanted},
    details::{operations, source},
    payload,
    toid::{Stage, event_index},
    wire::{Body, address_of, xdr::Walk},
};

const TRANSFER: &[u8] = b"transfer";
const MINT: &[u8] = b"mint";
const BURN: &[u8] = b"burn";
const CLAWBACK: &[u8] = b"clawback";

/// The keys of the events that transfers come from.
pub(crate) const TRANSFER_KEYS: [EventKey; 4] =
    [padded(TRANSFER), padded(MINT), padded(BURN), padded(CLAWBACK)];

const fn padded(name: &[u8]) -> EventKey {
    let mut key = [0; 32];
    let mut place = 0;
    while place < name.len() {
        key[place] = name[place];
        place += 1;
    }
    key
}

/// The wanted transfer that a contract's event tells of. Events that only look like a standard's tell of none.
pub(crate) fn of_event(
    reading: &Reading<'_>,
    contract: &[u8; 32],
    topics: &[&[u8]],
    value: &[u8],
) -> Option<Moved> {
    let (name, rest) = topics.split_first()?;
    let name = payload::name_of(name).filter(|name| [TRANSFER, MINT, BURN, CLAWBACK].contains(name))?;
    let native = contract == reading.network.native();
    let token = (!native).then(|| address::contract(contract));
    let wanted = reading.wanted;
    if !token.map_or(wanted.native_transfers(), |token| wanted.token_transfers(&token)) {
        return None;
    }
    let (from, to) = parties(name, rest)?;
    let amount = amount(value)?;
    let asset = rest.last().and_then(|topic| payload::name_of(topic)).filter(|_| !native);
    let asset =
        asset.and_then(|name| reading.network.verified(contract, name)).and_then(|issued| issued.name);
    Some(Moved { token, asset, from, to, amount })
}

/// Who had it and who has it now, of the topics behind the name. Before CAP-67 an administrator stood before the account.
fn parties(name: &[u8], topics: &[&[u8]]) -> Option<(Option<Address>, Option<Address>)> {
    let mut addresses = topics.iter().map_while(|topic| party(topic));
    let first = addresses.next()?;
    let second = addresses.next();
    if name == TRANSFER {
        return Some((Some(first), Some(second?)));
    }
    let party = second.unwrap_or(first);
    Some(if name == MINT { (None, Some(party)) } else { (Some(party), None) })
}

fn party(topic: &[u8]) -> Option<Address> {
    let xdr = topic.strip_prefix(&[0, 0, 0, 18])?;
    address_of(xdr).map(|address| address::without_number(&address))
}

/// The value itself, or `amount` of the map that it is where the destination is muxed.
fn amount(value: &[u8]) -> Option<Int> {
    if let Some(amount) = int128(value) {
        return Some(amount);
    }
    let mut walk = Walk::new(value);
    if walk.uint()? != 17 || !walk.flag()? {
        return None;
    }
    for _ in 0..walk.uint()? {
        let (key, value) = (walk.value()?, walk.value()?);
        if payload::name_of(key) == Some(b"amount") {
            return int128(value);
        }
    }
    None
}

fn int128(value: &[u8]) -> Option<Int> {
    let digits: [u8; 16] = value.strip_prefix(&[0, 0, 0, 10])?.try_into().ok()?;
    let mut word = if digits[0] & 0x80 == 0 { [0; 32] } else { [0xff; 32] };
    word[16..].copy_from_slice(&digits);
    Some(Int::from_signed_be(word))
}

/// Appends the wanted transfers of a transaction that succeeded, worked out of its operations.
pub(crate) fn push_classic(
    network: &Network,
    wanted: &Wanted,
    body: &Body,
    transaction: u32,
    transfers: &mut Vec<Transfer>,
) {
    let payer = source(&body.envelope);
    for (place, (operation, result)) in (0..).zip(operations(&body.envelope).iter().zip(results(body))) {
        let source = operation.source_account.as_ref().map_or(payer, address::of_muxed_account);
        let mut moves =
            Moves { network, wanted, source: address::without_number(&source), moved: Vec::new() };
        moves.of_operation(operation, result);
        for (number, moved) in (0..).zip(moves.moved) {
            let Some(index) = event_index(Stage::Operation(place), number) else { return };
            transfers.extend(moved.map(|moved| moved.into_transfer(transaction, index)));
        }
    }
}

fn results(body: &Body) -> &[OperationResult] {
    match &body.result.result {
        TransactionResultResult::TxSuccess(results) => results,
        TransactionResultResult::TxFeeBumpInnerSuccess(inner) => match &inner.result.result {
            InnerTransactionResultResult::TxSuccess(results) => results,
            _ => &[],
        },
        _ => &[],
    }
}

/// What one operation moved: a place for each event it would have emitted, `None` for what is not wanted.
struct Moves<'a> {
    network: &'a Network,
    wanted: &'a Wanted,
    source: Address,
    moved: Vec<Option<Moved>>,
}

impl Moves<'_> {
    fn of_operation(&mut self, operation: &Operation, result: &OperationResult) {
        let OperationResult::OpInner(result) = result else { return };
        let source = self.source;
        match (&operation.body, result) {
            (
                OperationBody::CreateAccount(created),
                OperationResultTr::CreateAccount(CreateAccountResult::Success),
            ) => {
                let to = address::of_account_id(&created.destination);
                self.push(Some(source), Some(to), &Asset::Native, created.starting_balance);
            }
            (OperationBody::Payment(payment), OperationResultTr::Payment(PaymentResult::Success)) => {
                let to = address::without_number(&address::of_muxed_account(&payment.destination));
                self.push(Some(source), Some(to), &payment.asset, payment.amount);
            }
            (
                OperationBody::AccountMerge(into),
                OperationResultTr::AccountMerge(AccountMergeResult::Success(balance)),
            ) => {
                let to = address::without_number(&address::of_muxed_account(into));
                self.push(Some(source), Some(to), &Asset::Native, *balance);
            }
            (
                OperationBody::CreateClaimableBalance(created),
                OperationResultTr::CreateClaimableBalance(CreateClaimableBalanceResult::Success(id)),
            ) => {
                let ClaimableBalanceId::ClaimableBalanceIdTypeV0(id) = id;
                let to = address::claimable_balance(&id.0);
                self.push(Some(source), Some(to), &created.asset, created.amount);
            }
            (OperationBody::Clawback(taken), OperationResultTr::Clawback(ClawbackResult::Success)) => {
                let from = address::without_number(&address::of_muxed_account(&taken.from));
                self.push(Some(from), None, &taken.asset, taken.amount);
            }
            _ => self.of_trades(result),
        }
    }

    fn of_trades(&mut self, result: &OperationResultTr) {
        match result {
            OperationResultTr::ManageSellOffer(ManageSellOfferResult::Success(success))
            | OperationResultTr::CreatePassiveSellOffer(ManageSellOfferResult::Success(success))
            | OperationResultTr::ManageBuyOffer(ManageBuyOfferResult::Success(success)) => {
                self.trades(&success.offers_claimed);
            }
            OperationResultTr::PathPaymentStrictReceive(PathPaymentStrictReceiveResult::Success(success)) => {
                self.path_payment(&success.offers, &success.last);
            }
            OperationResultTr::PathPaymentStrictSend(PathPaymentStrictSendResult::Success(success)) => {
                self.path_payment(&success.offers, &success.last);
            }
            _ => {}
        }
    }

    /// The source trades with each offer on the way, and pays what it has then.
    fn path_payment(&mut self, offers: &[ClaimAtom], last: &SimplePaymentResult) {
        self.trades(offers);
        let to = address::of_account_id(&last.destination);
        self.push(Some(self.source), Some(to), &last.asset, last.amount);
    }

    fn trades(&mut self, offers: &[ClaimAtom]) {
        for offer in offers {
            let (other, sold, bought) = match offer {
                ClaimAtom::V0(it) => (
                    address::account(&it.seller_ed25519.0),
                    (&it.asset_sold, it.amount_sold),
                    (&it.asset_bought, it.amount_bought),
                ),
                ClaimAtom::OrderBook(it) => (
                    address::of_account_id(&it.seller_id),
                    (&it.asset_sold, it.amount_sold),
                    (&it.asset_bought, it.amount_bought),
                ),
                ClaimAtom::LiquidityPool(it) => (
                    address::liquidity_pool(&it.liquidity_pool_id.0.0),
                    (&it.asset_sold, it.amount_sold),
                    (&it.asset_bought, it.amount_bought),
                ),
            };
            let (ours, theirs) = (Some(self.source), Some(other));
            self.push(ours, theirs, bought.0, bought.1);
            self.push(theirs, ours, sold.0, sold.1);
        }
    }

    /// What leaves its issuer is minted, what returns to it is burnt.
    fn push(&mut self, from: Option<Address>, to: Option<Address>, asset: &Asset, amount: i64) {
        let issued = self.network.issued(asset);
        let wanted = match &issued.token {
            None => self.wanted.native_transfers(),
            Some(token) => self.wanted.token_transfers(token),
        };
        let issuer = issuer(asset).map(address::of_account_id);
        let between_issuer = issuer.is_some() && from == to;
        let party = |party: Option<Address>| party.filter(|_| between_issuer || party != issuer);
        let (from, to) = (party(from), party(to));
        let moved = Moved { token: issued.token, asset: issued.name, from, to, amount: Int::from(amount) };
        self.moved.push(wanted.then_some(moved));
    }
}

fn issuer(asset: &Asset) -> Option<&AccountId> {
    match asset {
        Asset::Native => None,
        Asset::CreditAlphanum4(asset) => Some(&asset.issuer),
        Asset::CreditAlphanum12(asset) => Some(&asset.issuer),
    }
}

#[cfg(test)]
mod tests {
    use chainbell_model::{Contracts, Interest};
    use stellar_xdr::{
        ContractId, Hash, Int128Parts, Limits, PublicKey, ScAddress, ScMap, ScMapEntry, ScString, ScSymbol,
        ScVal, Uint256, WriteXdr,
    };

    use super::*;
    use crate::address::{account, contract};

    const TOKEN: [u8; 32] = [9; 32];

    fn symbol(name: &str) -> ScVal {
        ScVal::Symbol(ScSymbol(name.try_into().unwrap()))
    }

    fn text(text: &str) -> ScVal {
        ScVal::String(ScString(text.try_into().unwrap()))
    }

    fn of_account(key: u8) -> ScVal {
        ScVal::Address(ScAddress::Account(AccountId(PublicKey::PublicKeyTypeEd25519(Uint256([key; 32])))))
    }

    fn of_contract(id: u8) -> ScVal {
        ScVal::Address(ScAddress::Contract(ContractId(Hash([id; 32]))))
    }

    fn number(amount: i128) -> ScVal {
        ScVal::I128(Int128Parts { hi: (amount >> 64) as i64, lo: amount as u64 })
    }

    fn moved_of(id: [u8; 32], topics: &[ScVal], value: &ScVal) -> Option<Moved> {
        let network = Network::new("Public Global Stellar Network ; September 2015");
        let interest =
            Interest { native_transfers: true, token_transfers: Contracts::Any, ..Interest::default() };
        let reading = Reading { wanted: &Wanted::new(&interest, &network), network: &network };
        let encode = |value: &ScVal| value.to_xdr(Limits::len(1 << 10)).unwrap();
        let topics: Vec<_> = topics.iter().map(encode).collect();
        let topics: Vec<_> = topics.iter().map(|topic| &**topic).collect();
        of_event(&reading, &id, &topics, &encode(value))
    }

    fn parties_of(topics: &[ScVal]) -> Option<(Option<Address>, Option<Address>)> {
        moved_of(TOKEN, topics, &number(5)).map(|moved| (moved.from, moved.to))
    }

    #[test]
    fn the_four_events_are_read_with_and_without_an_administrator() {
        let (one, two) = (account(&[1; 32]), contract(&[2; 32]));
        let named = |name, parties: &[ScVal]| {
            let topics = [&[symbol(name)], parties].concat();
            let with_asset =
                [&topics[..], &[text("TXT:GAKRDXBHA2TTOYJZQIAQ7ZDS555P24RAYRUUZWU3KHSLIOZMVV4IITXT")]]
                    .concat();
            assert_eq!(parties_of(&topics), parties_of(&with_asset));
            parties_of(&topics)
        };
        let (admin, first, second) = (of_account(7), of_account(1), of_contract(2));
        assert_eq!(named("transfer", &[first.clone(), second.clone()]), Some((Some(one), Some(two))));
        assert_eq!(named("transfer", std::slice::from_ref(&first)), None);
        assert_eq!(named("mint", std::slice::from_ref(&second)), Some((None, Some(two))));
        assert_eq!(named("mint", &[admin.clone(), second.clone()]), Some((None, Some(two))));
        assert_eq!(named("burn", std::slice::from_ref(&first)), Some((Some(one), None)));
        assert_eq!(named("clawback", std::slice::from_ref(&first)), Some((Some(one), None)));
        assert_eq!(named("clawback", &[admin, first]), Some((Some(one), None)));
        assert_eq!(named("fee", &[second]), None);
        assert_eq!(named("burn", &[]), None);
    }

    #[test]
    fn amounts_are_read_alone_and_with_a_muxed_id() {
        let topics = [symbol("transfer"), of_account(1), of_account(2)];
        let amount = |value: &ScVal| moved_of(TOKEN, &topics, value).map(|moved| moved.amount.to_string());
        let map = |key: &str| {
            let id = ScMapEntry { key: symbol("to_muxed_id"), val: ScVal::U64(8) };
            let entry = ScMapEntry { key: symbol(key), val: number(i128::MIN) };
            ScVal::Map(Some(ScMap(vec![entry, id].try_into().unwrap())))
        };
        assert_eq!(amount(&number(-7)).as_deref(), Some("-7"));
        assert_eq!(amount(&number(i128::MAX)), Some(i128::MAX.to_string()));
        assert_eq!(amount(&map("amount")), Some(i128::MIN.to_string()));
        assert_eq!(amount(&map("amounts")), None);
        assert_eq!(amount(&ScVal::U64(5)), None);
    }

    #[test]
    fn an_asset_is_named_only_by_its_own_contract() {
        let native = *Network::new("Public Global Stellar Network ; September 2015").native();
        let name = "TXT:GAKRDXBHA2TTOYJZQIAQ7ZDS555P24RAYRUUZWU3KHSLIOZMVV4IITXT";
        let id =
            stellar_strkey::Contract::from_string("CC2VEFMKQ2ZZ5235DPMDBTG3NWNA2OITRUT4TJQUHGUMWHCQHWVDXOPA")
                .unwrap()
                .0;
        let moved = |contract, asset| {
            moved_of(contract, &[symbol("transfer"), of_account(1), of_account(2), text(asset)], &number(1))
                .unwrap()
        };
        assert_eq!(moved(id, name).asset.as_deref(), Some(name));
        assert_eq!((moved(TOKEN, name).asset, moved(TOKEN, "native").token), (None, Some(contract(&TOKEN))));
        assert_eq!((moved(native, "native").token, moved(native, name).asset), (None, None));
    }
}
