//! The programs whose instructions Chainbell knows by name.

/// The SPL Token program. The first instructions of Token-2022 are the same.
const SPL_TOKEN: &str = "\
instruction 0x00 initializeMint(u8 decimals, pubkey mintAuthority, option<pubkey> freezeAuthority) [mint, rent]
instruction 0x01 initializeAccount() [account, mint, owner, rent]
instruction 0x02 initializeMultisig(u8 m) [multisig, rent]
instruction 0x03 transfer(u64 amount) [source, destination, authority]
instruction 0x04 approve(u64 amount) [source, delegate, owner]
instruction 0x05 revoke() [source, owner]
instruction 0x06 setAuthority(u8 authorityType, option<pubkey> newAuthority) [owned, owner]
instruction 0x07 mintTo(u64 amount) [mint, token, mintAuthority]
instruction 0x08 burn(u64 amount) [account, mint, authority]
instruction 0x09 closeAccount() [account, destination, owner]
instruction 0x0a freezeAccount() [account, mint, owner]
instruction 0x0b thawAccount() [account, mint, owner]
instruction 0x0c transferChecked(u64 amount, u8 decimals) [source, mint, destination, authority]
instruction 0x0d approveChecked(u64 amount, u8 decimals) [source, mint, delegate, owner]
instruction 0x0e mintToChecked(u64 amount, u8 decimals) [mint, token, mintAuthority]
instruction 0x0f burnChecked(u64 amount, u8 decimals) [account, mint, authority]
instruction 0x10 initializeAccount2(pubkey owner) [account, mint, rent]
instruction 0x11 syncNative() [account]
instruction 0x12 initializeAccount3(pubkey owner) [account, mint]
instruction 0x13 initializeMultisig2(u8 m) [multisig]
instruction 0x14 initializeMint2(u8 decimals, pubkey mintAuthority, option<pubkey> freezeAuthority) [mint]
instruction 0x15 getAccountDataSize() [mint]
instruction 0x16 initializeImmutableOwner() [account]
instruction 0x17 amountToUiAmount(u64 amount) [mint]
";

/// The System program, whose data is bincode: discriminators of four bytes, lengths of eight.
const SYSTEM: &str = "\
instruction 0x00000000 createAccount(u64 lamports, u64 space, pubkey programAddress) [payer, newAccount]
instruction 0x01000000 assign(pubkey programAddress) [account]
instruction 0x02000000 transfer(u64 lamports) [source, destination]
instruction 0x03000000 createAccountWithSeed(pubkey base, string<u64> seed, u64 lamports, u64 space, pubkey programAddress) [payer, newAccount, baseAccount?]
instruction 0x04000000 advanceNonceAccount() [nonceAccount, recentBlockhashesSysvar, nonceAuthority]
instruction 0x05000000 withdrawNonceAccount(u64 lamports) [nonceAccount, recipient, recentBlockhashesSysvar, rentSysvar, nonceAuthority]
instruction 0x06000000 initializeNonceAccount(pubkey nonceAuthority) [nonceAccount, recentBlockhashesSysvar, rentSysvar]
instruction 0x07000000 authorizeNonceAccount(pubkey newNonceAuthority) [nonceAccount, nonceAuthority]
instruction 0x08000000 allocate(u64 space) [newAccount]
instruction 0x09000000 allocateWithSeed(pubkey base, string<u64> seed, u64 space, pubkey programAddress) [newAccount, baseAccount]
instruction 0x0a000000 assignWithSeed(pubkey base, string<u64> seed, pubkey programAddress) [account, baseAccount]
instruction 0x0b000000 transferWithSeed(u64 lamports, string<u64> fromSeed, pubkey fromOwner) [source, baseAccount, destination]
instruction 0x0c000000 upgradeNonceAccount() [nonceAccount]
";

/// Each description's name and text.
pub(crate) const DESCRIPTIONS: [(&str, &str); 2] = [("spl-token", SPL_TOKEN), ("system", SYSTEM)];
