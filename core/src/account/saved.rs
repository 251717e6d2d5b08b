//! A report that was kept, as the text of a file.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::page::in_words;
use super::{AccountReport, AccountRows, CostSpan};
use crate::json::{Fields, Value};
use crate::time::{Day, Timestamp};

/// The version of the form.
const VERSION: u64 = 1;

/// A report as it was fetched, for the next who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedReport {
    /// When it was fetched.
    pub fetched_at: Timestamp,
    /// The days that were asked for.
    pub span: CostSpan,
    /// Tells reports of different accounts apart: not the key, and nothing that leads to it.
    pub account: String,
    /// The bodies of the pages, as the service gave them.
    pub pages: Vec<String>,
}

impl SavedReport {
    /// The text of the file: the pages stand in it as they came.
    pub fn to_text(&self) -> String {
        let head = format!(
            "{{\"muster_account_report\":{VERSION},\"fetched_at\":\"{}\",\"first\":\"{}\",\
             \"last\":\"{}\",\"account\":{},\"pages\":[",
            self.fetched_at,
            self.span.first,
            self.span.last,
            serde_json::Value::from(&*self.account),
        );
        head + &self.pages.join(",\n") + "]}\n"
    }

    /// Reads the text of a file, and the rows of its pages. The message says what is
    /// damaged.
    pub fn parse(report: AccountReport, text: &str) -> Result<(Self, AccountRows), String> {
        let fields = Fields::parse(text.trim_end()).map_err(in_words)?;
        let version = fields
            .require("muster_account_report")
            .and_then(Value::count)
            .map_err(in_words)?;
        if version != VERSION {
            return Err(format!("it has the version {version}"));
        }
        let day = |name| {
            let text = fields.require(name).and_then(Value::text);
            text.map_err(in_words)
                .and_then(|text| Day::parse(&text).map_err(|error| format!("{name}: {error}")))
        };
        let mut rows = AccountRows::new(report);
        let mut pages = Vec::new();
        let found = fields.require("pages").and_then(Value::array);
        for page in found.map_err(in_words)? {
            rows.add_page(page.raw())?;
            pages.push(page.raw().to_owned());
        }
        let saved = Self {
            fetched_at: fields
                .require("fetched_at")
                .and_then(Value::time)
                .map_err(in_words)?,
            span: CostSpan {
                first: day("first")?,
                last: day("last")?,
            },
            account: fields
                .require("account")
                .and_then(Value::text)
                .map_err(in_words)?
                .into_owned(),
            pages,
        };
        Ok((saved, rows))
    }
}
