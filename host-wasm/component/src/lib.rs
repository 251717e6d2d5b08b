//! The core as a WebAssembly component that imports nothing.
//!
//! A thin face: it turns the types of `host-wasm/wit` into the core's and back,
//! and decides nothing.

mod approval;
mod bindings;
mod bridge;
mod confidence;
mod convert;
mod diagnosis;
mod liveness;
mod mailbox;

use core::cell::RefCell;

use muster_core::{LogKind, LogScan, ReportKind, Telemetry};

use bindings::exports::muster::core::usage::{
    Error, Guest, GuestIngest, ReadOptions, ReportParams, UsageReport,
};

struct Component;

impl Guest for Component {
    type Ingest = Reader;
}

struct Reader(RefCell<State>);

struct State {
    telemetry: Telemetry,
    open: Option<OpenFile>,
}

struct OpenFile {
    path: String,
    bytes: u64,
    scan: LogScan,
}

impl GuestIngest for Reader {
    fn new(options: ReadOptions) -> Result<Self, Error> {
        Ok(Self(RefCell::new(State {
            telemetry: Telemetry::new(convert::read_options(&options)?),
            open: None,
        })))
    }

    fn open(&self, path: String) -> Result<String, Error> {
        let mut state = self.0.borrow_mut();
        if let Some(open) = &state.open {
            return Err(Error::FileOpen(open.path.clone()));
        }
        let kind = log_kind(&path)?;
        state.open = Some(OpenFile {
            path,
            bytes: 0,
            scan: state.telemetry.scan(kind, 0),
        });
        Ok(kind.name().to_owned())
    }

    fn push(&self, chunk: String) -> Result<(), Error> {
        self.push_bytes(chunk.into_bytes())
    }

    fn push_bytes(&self, chunk: Vec<u8>) -> Result<(), Error> {
        let mut state = self.0.borrow_mut();
        let open = state.open.as_mut().ok_or(Error::NoFile)?;
        open.bytes += chunk.len() as u64;
        open.scan.push(&chunk);
        Ok(())
    }

    fn close(&self) -> Result<(), Error> {
        let mut state = self.0.borrow_mut();
        let mut open = state.open.take().ok_or(Error::NoFile)?;
        open.scan.finish();
        state.telemetry.absorb(open.path, open.bytes, open.scan);
        Ok(())
    }

    fn note_unreadable(&self, path: String, reason: String) -> Result<(), Error> {
        let mut state = self.0.borrow_mut();
        let kind = log_kind(&path)?;
        state.open.take_if(|open| open.path == path);
        state.telemetry.note_unreadable(path, kind, reason);
        Ok(())
    }

    fn report(&self) -> UsageReport {
        convert::usage_report(self.0.borrow().telemetry.usage_report())
    }

    fn report_json(&self, name: String, params: ReportParams) -> Result<String, Error> {
        let kind = ReportKind::of_name(&name).ok_or(Error::UnknownReport(name))?;
        self.0
            .borrow()
            .telemetry
            .report_json(kind, &convert::report_params(params))
            .ok_or(Error::NothingToCompare)
    }
}

fn log_kind(path: &str) -> Result<LogKind, Error> {
    LogKind::of_path(path).ok_or_else(|| Error::UnknownLog(path.to_owned()))
}
