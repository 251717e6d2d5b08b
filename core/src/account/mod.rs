//! What an organisation is billed and uses, by the provider's own reports.
//!
//! The Anthropic Admin API gives costs and tokens by day, in pages. [`Fetch`] decides what
//! to ask for, what an answer means and when to ask again; a host does the asking. Amounts
//! are exact, and an answer of another shape is an error, never a zero.

mod cost;
mod error;
mod fetch;
mod page;
mod saved;
mod tokens;

pub use cost::{CostRow, CostSpan};
pub use error::{AccountError, AccountErrorKind};
pub use fetch::{Fetch, FetchRequest, FetchResponse};
pub use page::{AccountReport, AccountRow, AccountRows};
pub use saved::SavedReport;
pub use tokens::TokenRow;

#[cfg(test)]
mod tests;
