//! Runs of workflows out of dropped files, for browsers and Node.

use muster_core::bridge::RunFiles;
use wasm_bindgen::prelude::*;

use crate::bridge::time;

/// Reads entries and streams of events, and puts the runs together.
#[wasm_bindgen(skip_typescript)]
#[derive(Debug, Default)]
pub struct WorkflowRunReader(RunFiles);

#[wasm_bindgen]
impl WorkflowRunReader {
    /// A reader that has read nothing.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts a file that was written at this time, milliseconds since 1970. One that
    /// is open ends.
    pub fn open(&mut self, written: f64) -> Result<(), JsError> {
        self.0.open(time(written)?);
        Ok(())
    }

    /// Takes the next bytes of the open file.
    pub fn push(&mut self, chunk: &[u8]) {
        self.0.push(chunk);
    }

    /// Ends the open file.
    pub fn close(&mut self) {
        self.0.close();
    }

    /// The runs of the files closed so far, newest first, as JSON text.
    #[wasm_bindgen(js_name = runsJson)]
    pub fn runs_json(&self, limit: usize) -> String {
        muster_core::to_json(&self.0.runs(limit))
    }

    /// One run as JSON text.
    #[wasm_bindgen(js_name = runJson)]
    pub fn run_json(&self, id: &str) -> Option<String> {
        self.0.run(id).map(|run| muster_core::to_json(&run))
    }
}
