//! The language of conditions: `value >= units("1000", 6) && !(from in sets.exchanges)`.
//!
//! **Operators**, the weakest first: `||`; `&&`; `== != < <= > >= in`; `+ -`; `* / %`; `!` and unary `-`; `a.b`, `a[0]`.
//! Literals: integers of any size (`10_000`, `0xff`), text in `'…'` or `"…"`, `true`, `false`, lists `[a, b]`. Addresses
//! and bytes are written as text (`"0x…"`) and read by what they are compared with.
//!
//! **Names.** Arguments of the event, call or transfer by their names and as `args.NAME`; `block.height`, `block.time`
//! (Unix seconds), `block.hash`; `tx.…`, the chain's fields of a transaction; `event.…` and `call.…` with `name`,
//! `signature`, `contract` and `index`; `transfer.…`, a transfer's arguments; `sets.NAME`, on the right of `in` only. These
//! seven roots are never arguments: an argument of such a name is reached as `args.tx`.
//!
//! **Functions**, also written as methods (`x.contains("a")`): `has(x)`, `size(x)`, `startsWith`, `endsWith`, `contains`,
//! `matches` (a regular expression, found anywhere in the text), `any(list, x, condition)`, `all(list, x, condition)`,
//! `units("1.5", 6)` and one for each unit of the chain, such as `ether("1.5")`.
//!
//! **Types** are checked when a monitor is saved, against each signature that it can meet. Integers of all widths and
//! signs mix; results reach to ±(2^256−1). A literal that its type cannot hold is a mistake. Where signatures differ,
//! `has(x) && x > 1` and `event.name == "A" && x > 1` choose: what follows a part that is false for a signature is not
//! checked against it. One signature that can be read in several ways needs only one reading that the condition fits.
//!
//! **Missing values** (the `to` of a contract's creation, an index beyond a list's end): what is computed from them is
//! missing, and every comparison, test and condition on them is false, `!=` too. So `!(tx.to == "0x…")` holds where there
//! is no `to`, and `tx.to != "0x…"` does not. `has(x)` tells.
//!
//! **Errors.** Overflow and division by zero end the evaluation without a match, unless `&&` or `||` was decided before.
//! Work on lists and text is bounded by a number of steps.

mod ast;
mod check;
mod compare;
mod error;
mod eval;
mod functions;
mod literal;
mod names;
mod parser;
mod program;
mod render;
mod suggest;
mod token;
mod types;

pub(crate) use ast::Expression;
pub(crate) use check::{Checked, HasUse, check};
pub use error::EvalError;
pub(crate) use error::ExprError;
pub(crate) use eval::Env;
pub(crate) use names::Scope;
pub(crate) use parser::parse;
pub(crate) use program::Program;
pub use render::render;
