//! The journal of systemd as a log: one JSON object per entry, as `journalctl -o json`
//! prints it. Messages are lines of the log, and every entry has a time.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use super::log::{LogEvidence, Recorder};
use crate::diagnose::pack::Rulebook;
use crate::json::{Fields, RecordError, Value};
use crate::jsonl::{LineError, LineSplitter};
use crate::time::Timestamp;

/// Reads a journal chunk by chunk. Memory is bounded by the rules, not by the journal.
#[derive(Debug)]
pub struct JournalReader<'r> {
    splitter: LineSplitter,
    records: Recorder<'r>,
}

impl<'r> JournalReader<'r> {
    /// A reader of the journal that rules call `name`; of each rule's records the
    /// newest `keep` are kept.
    pub fn new(rules: &'r Rulebook, name: &str, keep: usize) -> Self {
        Self {
            splitter: LineSplitter::default(),
            records: Recorder::new(rules, name, keep.max(1)),
        }
    }

    /// Takes the next bytes.
    pub fn push(&mut self, chunk: &[u8]) {
        let records = &mut self.records;
        self.splitter
            .push(chunk, |line| entry(records, line.text, line.offset));
    }

    /// Ends the journal.
    pub fn finish(mut self) -> LogEvidence {
        let records = &mut self.records;
        self.splitter
            .finish(|line| entry(records, line.text, line.offset));
        self.records.finish(self.splitter.offset())
    }
}

fn entry(records: &mut Recorder<'_>, line: Result<&str, LineError>, offset: u64) {
    let text = match line {
        Ok(text) if text.trim().is_empty() => return,
        Ok(text) => text,
        Err(error) => return records.entry(Err(error), offset, None),
    };
    match parse(text) {
        Ok((at, message)) => records.entry(Ok(&message), offset, Some(at)),
        Err(_) => records.entry(Err(LineError::InvalidUtf8 { at: 0 }), offset, None),
    }
}

/// The time of an entry and its message.
fn parse(line: &str) -> Result<(Timestamp, Cow<'_, str>), RecordError> {
    let fields = Fields::parse(line)?;
    // Numbers are texts in a journal.
    let stated = fields.require("__REALTIME_TIMESTAMP")?;
    let at = match stated.text() {
        Ok(text) => text.parse().ok(),
        Err(_) => i64::try_from(stated.count()?).ok(),
    };
    let at = at
        .and_then(|us| Timestamp::from_micros(us).ok())
        .ok_or_else(|| stated.bad())?;
    let message = fields.require("MESSAGE")?;
    match message.text() {
        Ok(text) => Ok((at, text)),
        Err(_) => bytes(message).map(|text| (at, Cow::Owned(text))),
    }
}

/// A message that is no text stands there as the numbers of its bytes.
fn bytes(message: Value<'_>) -> Result<String, RecordError> {
    let numbers: Result<Vec<u8>, RecordError> = message
        .array()?
        .into_iter()
        .map(|byte| u8::try_from(byte.count()?).map_err(|_| byte.bad()))
        .collect();
    Ok(String::from_utf8_lossy(&numbers?).into_owned())
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;
    use crate::diagnose::pack::Pack;

    const PACK: &str = r#"{"muster_pack":1,"name":"t",
        "cause":[{"id":"t.c","layer":"error-log","verdict":"failed","title":"t"}],
        "log":[{"id":"t.refused","log":"web","text":"connect to {peer} refused","cause":"t.c"},
               {"id":"t.object","log":"web","tag":"db","text":"lost","cause":"t.c"}]}"#;

    #[test]
    fn entries_have_times_and_messages_of_any_shape() {
        let mut rules = Rulebook::gateway();
        rules.add(Pack::parse(PACK).unwrap()).unwrap();
        let mut reader = JournalReader::new(&rules, "web", 10);
        for piece in [
            r#"{"__REALTIME_TIMESTAMP":"1800043080000001","MESSAGE":"connect to db refused","PRIORITY":"3"}"#,
            "\n{\"MESSAGE\":[99,111,110,110,101,99,116,32,116,111,32,255,32,114,101,102,117,115,101,100],\"__REALTIME_TIMESTAMP\":1800043081000000}\n",
            "{\"__REALTIME_TIMESTAMP\":\"1800043082000000\",\"MESSAGE\":\"[db] lost {\\n  port: 5432,\\n}\"}\n\n",
            "{\"__REALTIME_TIMESTAMP\":\"1800043083000000\",\"MESSAGE\":null}\nhalf {\n{\"MESSAGE\":\"no time\"}",
        ] {
            reader.push(piece.as_bytes());
        }
        let read = reader.finish();
        assert_eq!((read.lines, read.skipped), (6, 3));
        let told: Vec<(u64, String, Option<&str>)> = read
            .records
            .iter()
            .map(|record| {
                let at = record.at.unwrap().to_string();
                let field = record.field("peer").or(record.field("port"));
                (record.line, at, field)
            })
            .collect();
        let expected = [
            (1, "2027-01-15T19:58:00.000001Z", Some("db")),
            (2, "2027-01-15T19:58:01Z", Some("\u{fffd}")),
            (3, "2027-01-15T19:58:02Z", Some("5432")),
        ];
        assert_eq!(
            told,
            expected.map(|(line, at, field)| (line, at.to_string(), field))
        );
    }
}
