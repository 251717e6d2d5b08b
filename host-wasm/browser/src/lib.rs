//! The core for browsers and Node.
//!
//! A thin face: it turns JavaScript values into the core's and back, and decides
//! nothing. The typed documents are `JSON.parse` of the very bytes that every
//! other host gives. The TypeScript types stand in `types.d.ts`.

mod bridge;
mod diagnosis;
mod options;
mod runs;

pub use diagnosis::{diagnose, diagnose_json};
pub use runs::WorkflowRunReader;

use muster_core::{LogKind, LogScan, ReportKind, Telemetry};
use wasm_bindgen::prelude::*;

use options::{JsReadOptions, JsReportParams, read_options, report_params};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("types.d.ts");

/// Which log a file is, from its name alone.
#[wasm_bindgen(js_name = logKind, skip_typescript)]
pub fn log_kind(path: &str) -> Option<String> {
    LogKind::of_path(path).map(|kind| kind.name().to_owned())
}

/// Reads logs chunk by chunk and reports on them.
#[wasm_bindgen(skip_typescript)]
#[derive(Debug)]
pub struct TelemetryReader {
    telemetry: Telemetry,
    open: Option<OpenFile>,
}

#[derive(Debug)]
struct OpenFile {
    path: String,
    bytes: u64,
    scan: LogScan,
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "JavaScript objects cross as owned handles"
)]
#[wasm_bindgen]
impl TelemetryReader {
    /// A reader that has read nothing. Fails on options that make no sense.
    #[wasm_bindgen(constructor)]
    pub fn new(options: Option<JsReadOptions>) -> Result<Self, JsError> {
        Ok(Self {
            telemetry: Telemetry::new(read_options(options.as_ref())?),
            open: None,
        })
    }

    /// Starts a file. Fails where the name is no known log, or a file is open.
    pub fn open(&mut self, path: String) -> Result<String, JsError> {
        if let Some(open) = &self.open {
            return Err(error(&format!("{} is open: close it first", open.path)));
        }
        let kind = LogKind::of_path(&path)
            .ok_or_else(|| error(&format!("{path} is not the name of a known log")))?;
        self.open = Some(OpenFile {
            path,
            bytes: 0,
            scan: self.telemetry.scan(kind, 0),
        });
        Ok(kind.name().to_owned())
    }

    /// Takes the next bytes of the open file.
    pub fn push(&mut self, chunk: &[u8]) -> Result<(), JsError> {
        let open = self.open.as_mut().ok_or_else(no_file)?;
        open.bytes += chunk.len() as u64;
        open.scan.push(chunk);
        Ok(())
    }

    /// Ends the open file.
    pub fn close(&mut self) -> Result<(), JsError> {
        let mut open = self.open.take().ok_or_else(no_file)?;
        open.scan.finish();
        self.telemetry.absorb(open.path, open.bytes, open.scan);
        Ok(())
    }

    /// Notes a file that could not be read, so that reports name it. It drops
    /// what was read of it where it is the open one.
    #[wasm_bindgen(js_name = noteUnreadable)]
    pub fn note_unreadable(&mut self, path: String, reason: String) -> Result<(), JsError> {
        let kind = LogKind::of_path(&path)
            .ok_or_else(|| error(&format!("{path} is not the name of a known log")))?;
        self.open.take_if(|open| open.path == path);
        self.telemetry.note_unreadable(path, kind, reason);
        Ok(())
    }

    /// The usage report over all files closed so far.
    pub fn show(&self) -> Result<JsValue, JsError> {
        parsed(&self.show_json())
    }

    /// The same as JSON text.
    #[wasm_bindgen(js_name = showJson)]
    pub fn show_json(&self) -> String {
        muster_core::to_json(&self.telemetry.usage_report())
    }

    /// A report by its name over all files closed so far.
    pub fn report(&self, name: &str, params: Option<JsReportParams>) -> Result<JsValue, JsError> {
        parsed(&self.report_json(name, params)?)
    }

    /// The same as JSON text.
    #[wasm_bindgen(js_name = reportJson)]
    pub fn report_json(
        &self,
        name: &str,
        params: Option<JsReportParams>,
    ) -> Result<String, JsError> {
        let kind = ReportKind::of_name(name)
            .ok_or_else(|| error(&format!("{name} is not the name of a report")))?;
        self.telemetry
            .report_json(kind, &report_params(params.as_ref())?)
            .ok_or_else(|| error("nothing to compare with: the reader has no option `against`"))
    }
}

fn parsed(json: &str) -> Result<JsValue, JsError> {
    js_sys::JSON::parse(json).map_err(|_| error("the report is no JSON: a defect in Muster"))
}

fn no_file() -> JsError {
    error("no file is open")
}

fn error(message: &str) -> JsError {
    JsError::new(message)
}
