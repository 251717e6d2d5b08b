//! Logs of other systems, through a decoder that the host supplies.

use alloc::string::String;

use super::LogScan;
use super::scan::Fold;
use crate::json::{DecodeFault, RecordError, RecordErrorKind};
use crate::jsonl::Line;
use crate::line_log::{LineLog, Version};
use crate::log_kind::LogKind;
use crate::usage::{Pricing, with_cost};

/// Turns the lines of one file of another system into records of a known log.
///
/// Both answers are lines of JSON, one record each, or nothing. A usage record
/// without `cost` is given one by the prices of its model; beside the fields of
/// the log, `prompt_cache.creation_1h_tokens` says how many of the tokens written
/// into the prompt cache stay there for an hour.
pub trait Decode {
    /// What a line gives. An error costs this line.
    fn line(&mut self, text: &str) -> Result<String, DecodeFault>;
    /// What is left at the end of the file.
    fn finish(&mut self) -> Result<String, DecodeFault>;
}

impl LogScan {
    /// Takes the next bytes of a file that a decoder reads, cut anywhere.
    pub fn push_decoded(&mut self, chunk: &[u8], decoder: &mut dyn Decode, pricing: &mut Pricing) {
        let Self {
            kind,
            splitter,
            log,
            fold,
        } = self;
        splitter.push(chunk, |line| {
            decoded_line(*kind, line, log, fold, decoder, pricing);
        });
    }

    /// The file is over.
    pub fn finish_decoded(&mut self, decoder: &mut dyn Decode, pricing: &mut Pricing) {
        let Self {
            kind,
            splitter,
            log,
            fold,
        } = self;
        splitter.finish(|line| decoded_line(*kind, line, log, fold, decoder, pricing));
        let given = match decoder.finish() {
            Ok(records) => take_in(*kind, &records, log, fold, pricing),
            Err(fault) => Err(failed(fault)),
        };
        // No line is at fault, so none is shown.
        if let Err(error) = given {
            *log.skipped.entry(error.kind.code()).or_default() += 1;
        }
    }
}

fn decoded_line(
    kind: LogKind,
    line: Line<'_>,
    log: &mut LineLog,
    fold: &mut Fold,
    decoder: &mut dyn Decode,
    pricing: &mut Pricing,
) {
    let given = match line.text {
        Ok(text) if !text.trim_ascii().is_empty() => decoder.line(text),
        // The line is noted without being looked at.
        _ => Ok(String::new()),
    };
    match given {
        Ok(records) if records.is_empty() && line.text.is_ok() => log.note_without_record(),
        Ok(records) => {
            let mut own = LineLog::default();
            log.note(line, |_| {
                take_in(kind, &records, &mut own, fold, pricing).map(|()| Version::Unversioned)
            });
            for (version, lines) in own.versions {
                *log.versions.entry(version).or_default() += lines;
            }
        }
        Err(fault) => log.note(line, |_| Err(failed(fault))),
    }
}

/// Reads the records that a decoder gave, and notes their versions. The first that
/// is none is the error; the others count all the same.
fn take_in(
    kind: LogKind,
    records: &str,
    log: &mut LineLog,
    fold: &mut Fold,
    pricing: &mut Pricing,
) -> Result<(), RecordError> {
    let mut first = Ok(());
    for record in records.lines() {
        let priced = match kind {
            LogKind::Usage => with_cost(record, pricing),
            _ => Ok(record.into()),
        };
        let mut own = LineLog::default();
        let read = priced.and_then(|text| {
            let line = Line {
                offset: 0,
                text: Ok(&text),
                terminated: true,
            };
            fold.push(kind, line, &mut own);
            match own.samples.first().map(|sample| sample.reason) {
                Some(crate::line_log::SkipReason::Record(kind)) => Err(RecordError { at: 0, kind }),
                Some(_) => Err(failed(DecodeFault::Refused)),
                None => Ok(()),
            }
        });
        log.records += own.records;
        for (version, lines) in own.versions {
            *log.versions.entry(version).or_default() += lines;
        }
        first = first.and(read);
    }
    first
}

fn failed(fault: DecodeFault) -> RecordError {
    RecordError {
        at: 0,
        kind: RecordErrorKind::Decoder(fault),
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString as _;

    use super::*;
    use crate::telemetry::{ReadOptions, Telemetry};
    use crate::view::to_json;

    /// Lines of `MODEL IN OUT`; the record of a line comes with the line after it.
    #[derive(Default)]
    struct Late(Option<String>);

    impl Decode for Late {
        fn line(&mut self, text: &str) -> Result<String, DecodeFault> {
            let mut parts = text.split(' ');
            let (Some(model), Some(input), Some(output)) =
                (parts.next(), parts.next(), parts.next())
            else {
                return if text == "trap" {
                    Err(DecodeFault::Broke)
                } else {
                    Err(DecodeFault::Refused)
                };
            };
            let record = format!(
                "{{\"ts\":\"2026-11-19T08:00:00Z\",\"model\":\"{model}\",\"tokens\":{{\"input\":{input},\"output\":{output}}},\"prompt_cache\":{{\"creation_tokens\":2000000,\"creation_1h_tokens\":1000000,\"read_tokens\":1000000}}}}\n"
            );
            Ok(self.0.replace(record).unwrap_or_default())
        }

        fn finish(&mut self) -> Result<String, DecodeFault> {
            Ok(self.0.take().unwrap_or_default())
        }
    }

    #[test]
    fn a_decoder_gives_records_late_and_its_faults_cost_one_line() {
        let mut telemetry = Telemetry::new(ReadOptions::default());
        let mut scan = telemetry.scan(LogKind::Usage, 0);
        let mut decoder = Late::default();
        let mut pricing = Pricing::default();
        let text = "claude-haiku-4-5 1000000 0\n\nwhat\nclaude-haiku-4-5 0 1000000\ntrap\ngpt 1 1\nclaude-haiku-4-5 1 x\n";
        for chunk in text.as_bytes().chunks(7) {
            scan.push_decoded(chunk, &mut decoder, &mut pricing);
        }
        scan.finish_decoded(&mut decoder, &mut pricing);
        let log = scan.log().clone();
        assert_eq!((log.lines, log.blank, log.records), (7, 2, 2));
        let skipped: alloc::vec::Vec<_> = log
            .samples
            .iter()
            .map(|sample| (sample.line, sample.reason.to_string()))
            .collect();
        assert_eq!(
            skipped,
            [
                (3, "decoder_refused".to_string()),
                (5, "decoder_broke".to_string()),
                (7, "no_price".to_string())
            ]
        );
        // What is left in the end is no record, and of no line.
        assert_eq!(log.skipped["not_json"], 1);
        assert_eq!(
            pricing.unpriced().collect::<alloc::vec::Vec<_>>(),
            [("gpt", 1)]
        );
        telemetry.absorb("log.txt", text.len() as u64, scan);
        let report = to_json(&telemetry.usage_report());
        // In 1, out 5; written for five minutes 1.25, for an hour 2, read 0.1: twice.
        assert!(report.contains(r#""calls":2,"cost_usd":12.7,"#), "{report}");
    }
}
