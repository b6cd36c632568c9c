//! The contract descriptions that Chainbell knows by name.

/// EIP-20.
const ERC20: &str = "\
event Transfer(address indexed from, address indexed to, uint256 value)
event Approval(address indexed owner, address indexed spender, uint256 value)
function transfer(address to, uint256 value) returns (bool)
function transferFrom(address from, address to, uint256 value) returns (bool)
function approve(address spender, uint256 value) returns (bool)
function allowance(address owner, address spender) view returns (uint256)
function balanceOf(address account) view returns (uint256)
function totalSupply() view returns (uint256)
function name() view returns (string)
function symbol() view returns (string)
function decimals() view returns (uint8)
";

/// EIP-721.
const ERC721: &str = "\
event Transfer(address indexed from, address indexed to, uint256 indexed tokenId)
event Approval(address indexed owner, address indexed approved, uint256 indexed tokenId)
event ApprovalForAll(address indexed owner, address indexed operator, bool approved)
function transferFrom(address from, address to, uint256 tokenId)
function safeTransferFrom(address from, address to, uint256 tokenId)
function safeTransferFrom(address from, address to, uint256 tokenId, bytes data)
function approve(address to, uint256 tokenId)
function setApprovalForAll(address operator, bool approved)
function getApproved(uint256 tokenId) view returns (address)
function isApprovedForAll(address owner, address operator) view returns (bool)
function balanceOf(address owner) view returns (uint256)
function ownerOf(uint256 tokenId) view returns (address)
function tokenURI(uint256 tokenId) view returns (string)
";

/// EIP-1155.
const ERC1155: &str = "\
event TransferSingle(address indexed operator, address indexed from, address indexed to, uint256 id, uint256 value)
event TransferBatch(address indexed operator, address indexed from, address indexed to, uint256[] ids, uint256[] values)
event ApprovalForAll(address indexed account, address indexed operator, bool approved)
event URI(string value, uint256 indexed id)
function safeTransferFrom(address from, address to, uint256 id, uint256 value, bytes data)
function safeBatchTransferFrom(address from, address to, uint256[] ids, uint256[] values, bytes data)
function setApprovalForAll(address operator, bool approved)
function isApprovedForAll(address account, address operator) view returns (bool)
function balanceOf(address account, uint256 id) view returns (uint256)
function balanceOfBatch(address[] accounts, uint256[] ids) view returns (uint256[])
";

/// EIP-4626, beyond EIP-20.
const ERC4626: &str = "\
event Deposit(address indexed sender, address indexed owner, uint256 assets, uint256 shares)
event Withdraw(address indexed sender, address indexed receiver, address indexed owner, uint256 assets, uint256 shares)
function deposit(uint256 assets, address receiver) returns (uint256)
function mint(uint256 shares, address receiver) returns (uint256)
function withdraw(uint256 assets, address receiver, address owner) returns (uint256)
function redeem(uint256 shares, address receiver, address owner) returns (uint256)
";

/// WETH9, beyond EIP-20.
const WETH: &str = "\
event Deposit(address indexed dst, uint256 wad)
event Withdrawal(address indexed src, uint256 wad)
function deposit() payable
function withdraw(uint256 wad)
";

/// Uniswap v2's pair, beyond EIP-20.
const UNISWAP_V2_PAIR: &str = "\
event Mint(address indexed sender, uint256 amount0, uint256 amount1)
event Burn(address indexed sender, uint256 amount0, uint256 amount1, address indexed to)
event Swap(address indexed sender, uint256 amount0In, uint256 amount1In, uint256 amount0Out, uint256 amount1Out, address indexed to)
event Sync(uint112 reserve0, uint112 reserve1)
function swap(uint256 amount0Out, uint256 amount1Out, address to, bytes data)
";

/// Uniswap v3's pool.
const UNISWAP_V3_POOL: &str = "\
event Initialize(uint160 sqrtPriceX96, int24 tick)
event Mint(address sender, address indexed owner, int24 indexed tickLower, int24 indexed tickUpper, uint128 amount, uint256 amount0, uint256 amount1)
event Collect(address indexed owner, address recipient, int24 indexed tickLower, int24 indexed tickUpper, uint128 amount0, uint128 amount1)
event Burn(address indexed owner, int24 indexed tickLower, int24 indexed tickUpper, uint128 amount, uint256 amount0, uint256 amount1)
event Swap(address indexed sender, address indexed recipient, int256 amount0, int256 amount1, uint160 sqrtPriceX96, uint128 liquidity, int24 tick)
event Flash(address indexed sender, address indexed recipient, uint256 amount0, uint256 amount1, uint256 paid0, uint256 paid1)
function swap(address recipient, bool zeroForOne, int256 amountSpecified, uint160 sqrtPriceLimitX96, bytes data) returns (int256, int256)
";

/// The texts that make up each description, by its name.
const DESCRIPTIONS: [(&str, &[&str]); 7] = [
    ("erc20", &[ERC20]),
    ("erc721", &[ERC721]),
    ("erc1155", &[ERC1155]),
    ("erc4626", &[ERC20, ERC4626]),
    ("weth", &[ERC20, WETH]),
    ("uniswap_v2_pair", &[ERC20, UNISWAP_V2_PAIR]),
    ("uniswap_v3_pool", &[UNISWAP_V3_POOL]),
];

/// Each description's name and text.
pub(crate) fn descriptions() -> impl Iterator<Item = (&'static str, String)> {
    DESCRIPTIONS.iter().map(|(name, texts)| (*name, texts.concat()))
}

/// The token standards, whose events and functions are known wherever no description says otherwise.
pub(crate) fn token_standards() -> String {
    [ERC20, ERC721, ERC1155].concat()
}
