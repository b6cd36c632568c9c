//! Walks over what transactions changed in the ledger: most of their metadata, and nothing that anybody asks for.

use super::xdr::Walk;

/// Deeper than the protocol lets predicates nest.
const MAX_PREDICATE_DEPTH: u32 = 8;

impl Walk<'_> {
    /// `LedgerEntryChanges`.
    pub(crate) fn changes(&mut self) -> Option<()> {
        for _ in 0..self.uint()? {
            match self.uint()? {
                0 | 1 | 3 | 4 => self.ledger_entry()?,
                2 => self.ledger_key()?,
                _ => return None,
            }
        }
        Some(())
    }

    /// An extension point, or a union with the single case 0.
    pub(crate) fn nothing(&mut self) -> Option<()> {
        (self.uint()? == 0).then_some(())
    }

    fn skip(&mut self, len: usize) -> Option<()> {
        self.take(len).map(drop)
    }

    fn ledger_entry(&mut self) -> Option<()> {
        self.skip(4)?;
        match self.uint()? {
            0 => self.account_entry()?,
            1 => self.trust_line()?,
            2 => self.offer()?,
            3 => self.data()?,
            4 => self.claimable_balance()?,
            5 => self.liquidity_pool()?,
            6 => self.contract_data()?,
            7 => self.contract_code()?,
            9 => self.skip(32 + 4)?,
            // Settings are changed by upgrades, not by transactions.
            _ => return None,
        }
        match self.uint()? {
            0 => Some(()),
            1 => {
                self.optional_account()?;
                self.nothing()
            }
            _ => None,
        }
    }

    fn ledger_key(&mut self) -> Option<()> {
        match self.uint()? {
            0 => self.account_id(),
            1 => {
                self.account_id()?;
                self.trust_line_asset()
            }
            2 => {
                self.account_id()?;
                self.skip(8)
            }
            3 => {
                self.account_id()?;
                self.opaque().map(drop)
            }
            4 => self.skip(4 + 32),
            5 | 7 | 9 => self.skip(32),
            6 => {
                self.address()?;
                self.value()?;
                self.skip(4)
            }
            8 => self.skip(4),
            _ => None,
        }
    }

    fn account_id(&mut self) -> Option<()> {
        self.nothing()?;
        self.skip(32)
    }

    fn optional_account(&mut self) -> Option<()> {
        if self.flag()? { self.account_id() } else { Some(()) }
    }

    fn asset(&mut self) -> Option<()> {
        match self.uint()? {
            0 => Some(()),
            1 => self.issued(4),
            2 => self.issued(12),
            _ => None,
        }
    }

    fn issued(&mut self, code_len: usize) -> Option<()> {
        self.skip(code_len)?;
        self.account_id()
    }

    fn trust_line_asset(&mut self) -> Option<()> {
        if self.rest().first_chunk() == Some(&[0, 0, 0, 3]) { self.skip(4 + 32) } else { self.asset() }
    }

    fn account_entry(&mut self) -> Option<()> {
        self.account_id()?;
        // Balance, sequence, entries.
        self.skip(8 + 8 + 4)?;
        self.optional_account()?;
        self.skip(4)?;
        self.opaque()?;
        self.skip(4)?;
        for _ in 0..self.uint()? {
            self.signer_key()?;
            self.skip(4)?;
        }
        match self.uint()? {
            0 => return Some(()),
            1 => self.skip(8 + 8)?,
            _ => return None,
        }
        match self.uint()? {
            0 => return Some(()),
            2 => self.skip(4 + 4)?,
            _ => return None,
        }
        for _ in 0..self.uint()? {
            self.optional_account()?;
        }
        match self.uint()? {
            0 => Some(()),
            3 => {
                self.nothing()?;
                self.skip(4 + 8)
            }
            _ => None,
        }
    }

    /// The next `SignerKey`.
    pub(crate) fn signer_key(&mut self) -> Option<()> {
        match self.uint()? {
            0..=2 => self.skip(32),
            3 => {
                self.skip(32)?;
                self.opaque().map(drop)
            }
            _ => None,
        }
    }

    fn trust_line(&mut self) -> Option<()> {
        self.account_id()?;
        self.trust_line_asset()?;
        // Balance, limit, flags.
        self.skip(8 + 8 + 4)?;
        match self.uint()? {
            0 => return Some(()),
            1 => self.skip(8 + 8)?,
            _ => return None,
        }
        match self.uint()? {
            0 => Some(()),
            2 => {
                self.skip(4)?;
                self.nothing()
            }
            _ => None,
        }
    }

    fn offer(&mut self) -> Option<()> {
        self.account_id()?;
        self.skip(8)?;
        self.asset()?;
        self.asset()?;
        // Amount, price, flags.
        self.skip(8 + 8 + 4)?;
        self.nothing()
    }

    fn data(&mut self) -> Option<()> {
        self.account_id()?;
        self.opaque()?;
        self.opaque()?;
        self.nothing()
    }

    fn claimable_balance(&mut self) -> Option<()> {
        self.skip(4 + 32)?;
        for _ in 0..self.uint()? {
            self.nothing()?;
            self.account_id()?;
            self.predicate(0)?;
        }
        self.asset()?;
        self.skip(8)?;
        match self.uint()? {
            0 => Some(()),
            1 => {
                self.nothing()?;
                self.skip(4)
            }
            _ => None,
        }
    }

    fn predicate(&mut self, depth: u32) -> Option<()> {
        if depth > MAX_PREDICATE_DEPTH {
            return None;
        }
        match self.uint()? {
            0 => Some(()),
            1..=3 => {
                // Two lists of at most two, and an optional one, which is encoded alike.
                let count = self.uint().filter(|&count| count <= 2)?;
                (0..count).try_for_each(|_| self.predicate(depth + 1))
            }
            4 | 5 => self.skip(8),
            _ => None,
        }
    }

    fn liquidity_pool(&mut self) -> Option<()> {
        self.skip(32)?;
        self.nothing()?;
        self.asset()?;
        self.asset()?;
        self.skip(4 + 8 * 4)
    }

    fn contract_data(&mut self) -> Option<()> {
        self.nothing()?;
        self.address()?;
        self.value()?;
        self.skip(4)?;
        self.value().map(drop)
    }

    fn contract_code(&mut self) -> Option<()> {
        match self.uint()? {
            0 => {}
            // Two extension points, ten counts.
            1 => self.skip(4 + 4 + 10 * 4)?,
            _ => return None,
        }
        self.skip(32)?;
        self.opaque().map(drop)
    }
}

#[cfg(test)]
mod tests {
    use stellar_xdr::{
        AccountEntry, AccountEntryExt, AccountEntryExtensionV1, AccountEntryExtensionV1Ext,
        AccountEntryExtensionV2, AccountEntryExtensionV2Ext, AccountEntryExtensionV3, AccountId, AlphaNum4,
        AlphaNum12, Asset, ClaimPredicate, ClaimableBalanceEntry, ClaimableBalanceEntryExt,
        ClaimableBalanceEntryExtensionV1, Claimant, ClaimantV0, ContractCodeEntry, ContractCodeEntryExt,
        ContractCodeEntryV1, ContractDataEntry, DataEntry, LedgerEntry, LedgerEntryChange,
        LedgerEntryChanges, LedgerEntryData, LedgerEntryExt, LedgerEntryExtensionV1, LedgerKey,
        LedgerKeyAccount, LedgerKeyContractData, LedgerKeyData, LedgerKeyOffer, LedgerKeyTrustLine,
        LedgerKeyTtl, Limits, LiquidityPoolEntry, OfferEntry, ScVal, Signer, SignerKey,
        SignerKeyEd25519SignedPayload, SponsorshipDescriptor, TrustLineAsset, TrustLineEntry,
        TrustLineEntryExt, TrustLineEntryExtensionV2, TrustLineEntryV1, TrustLineEntryV1Ext, TtlEntry,
        WriteXdr,
    };

    use super::*;

    fn somebody() -> SponsorshipDescriptor {
        SponsorshipDescriptor(Some(AccountId::default()))
    }

    fn long_account() -> AccountEntry {
        let v3 = AccountEntryExtensionV3::default();
        let v2 = AccountEntryExtensionV2 {
            signer_sponsoring_i_ds: vec![somebody(), SponsorshipDescriptor(None)].try_into().unwrap(),
            ext: AccountEntryExtensionV2Ext::V3(v3),
            ..Default::default()
        };
        let v1 = AccountEntryExtensionV1 { ext: AccountEntryExtensionV1Ext::V2(v2), ..Default::default() };
        let payload =
            SignerKeyEd25519SignedPayload { payload: vec![1; 5].try_into().unwrap(), ..Default::default() };
        let signers = [SignerKey::default(), SignerKey::Ed25519SignedPayload(payload)];
        AccountEntry {
            inflation_dest: Some(AccountId::default()),
            home_domain: stellar_xdr::String32("a.bc".try_into().unwrap()),
            signers: signers.map(|key| Signer { key, weight: 1 }).to_vec().try_into().unwrap(),
            ext: AccountEntryExt::V1(v1),
            ..Default::default()
        }
    }

    fn assets() -> [Asset; 3] {
        [
            Asset::Native,
            Asset::CreditAlphanum4(AlphaNum4::default()),
            Asset::CreditAlphanum12(AlphaNum12::default()),
        ]
    }

    fn long_trust_line() -> TrustLineEntry {
        let v2 = TrustLineEntryExtensionV2::default();
        let v1 = TrustLineEntryV1 { ext: TrustLineEntryV1Ext::V2(v2), ..Default::default() };
        TrustLineEntry {
            asset: TrustLineAsset::PoolShare(Default::default()),
            ext: TrustLineEntryExt::V1(v1),
            ..Default::default()
        }
    }

    fn long_balance() -> ClaimableBalanceEntry {
        let not = ClaimPredicate::Not(Some(Box::new(ClaimPredicate::BeforeRelativeTime(5))));
        let and = ClaimPredicate::And(vec![not, ClaimPredicate::Unconditional].try_into().unwrap());
        let claimant = ClaimantV0 { predicate: and, ..Default::default() };
        ClaimableBalanceEntry {
            claimants: vec![Claimant::ClaimantTypeV0(claimant)].try_into().unwrap(),
            ext: ClaimableBalanceEntryExt::V1(ClaimableBalanceEntryExtensionV1::default()),
            ..Default::default()
        }
    }

    fn entries() -> Vec<LedgerEntryData> {
        let mut entries = vec![
            LedgerEntryData::Account(AccountEntry::default()),
            LedgerEntryData::Account(long_account()),
            LedgerEntryData::Trustline(TrustLineEntry::default()),
            LedgerEntryData::Trustline(long_trust_line()),
            LedgerEntryData::Data(DataEntry::default()),
            LedgerEntryData::ClaimableBalance(ClaimableBalanceEntry::default()),
            LedgerEntryData::ClaimableBalance(long_balance()),
            LedgerEntryData::LiquidityPool(LiquidityPoolEntry::default()),
            LedgerEntryData::ContractData(ContractDataEntry { val: ScVal::Vec(None), ..Default::default() }),
            LedgerEntryData::ContractCode(ContractCodeEntry::default()),
            LedgerEntryData::ContractCode(ContractCodeEntry {
                ext: ContractCodeEntryExt::V1(ContractCodeEntryV1::default()),
                code: vec![1; 7].try_into().unwrap(),
                ..Default::default()
            }),
            LedgerEntryData::Ttl(TtlEntry::default()),
        ];
        entries.extend(
            assets().map(|selling| LedgerEntryData::Offer(OfferEntry { selling, ..Default::default() })),
        );
        entries
    }

    fn keys() -> Vec<LedgerKey> {
        vec![
            LedgerKey::Account(LedgerKeyAccount::default()),
            LedgerKey::Trustline(LedgerKeyTrustLine::default()),
            LedgerKey::Offer(LedgerKeyOffer::default()),
            LedgerKey::Data(LedgerKeyData {
                data_name: stellar_xdr::String64("abcde".try_into().unwrap()),
                ..Default::default()
            }),
            LedgerKey::ClaimableBalance(Default::default()),
            LedgerKey::LiquidityPool(Default::default()),
            LedgerKey::ContractData(LedgerKeyContractData::default()),
            LedgerKey::ContractCode(Default::default()),
            LedgerKey::ConfigSetting(Default::default()),
            LedgerKey::Ttl(LedgerKeyTtl::default()),
        ]
    }

    #[test]
    fn every_kind_of_change_is_walked_over_exactly() {
        let sponsored =
            LedgerEntryExt::V1(LedgerEntryExtensionV1 { sponsoring_id: somebody(), ..Default::default() });
        let mut changes = Vec::new();
        for (place, data) in entries().into_iter().enumerate() {
            let ext = if place % 2 == 0 { LedgerEntryExt::V0 } else { sponsored.clone() };
            let entry = LedgerEntry { last_modified_ledger_seq: 1, data, ext };
            changes.push(LedgerEntryChange::State(entry.clone()));
            changes.push(LedgerEntryChange::Restored(entry));
        }
        changes.extend(keys().into_iter().map(LedgerEntryChange::Removed));
        for change in &changes {
            let one = LedgerEntryChanges(vec![change.clone()].try_into().unwrap())
                .to_xdr(Limits::len(1 << 16))
                .unwrap();
            let mut walk = Walk::new(&one);
            assert_eq!(walk.changes(), Some(()), "{change:?}");
            assert!(walk.rest().is_empty(), "{change:?}");
        }
        let all = LedgerEntryChanges(changes.try_into().unwrap()).to_xdr(Limits::len(1 << 20)).unwrap();
        for cut in 0..all.len() {
            assert_eq!(Walk::new(&all[..cut]).changes(), None);
        }
    }
}
