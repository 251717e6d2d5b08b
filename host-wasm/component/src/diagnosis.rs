//! The diagnosis of gateways.

use muster_core::diagnose::{DiagnoseError, DiagnoseOptions, diagnose_bundle};
use muster_core::to_json;

use crate::Component;
use crate::bindings::exports::muster::core::diagnosis::{DiagnoseOptions as Options, Error, Guest};
use crate::convert::{size, timestamp};

impl Guest for Component {
    fn diagnose(bundle: String, options: Options) -> Result<String, Error> {
        let usual = DiagnoseOptions::default();
        let read = DiagnoseOptions {
            hours: options.hours.unwrap_or(usual.hours),
            records: options.records.map_or(usual.records, size),
            now: options.now.map(timestamp).transpose()?,
            profile: options.profile,
        };
        let packs: Vec<&str> = options.packs.iter().map(String::as_str).collect();
        diagnose_bundle(&bundle, &packs, &read)
            .map(|view| to_json(&view))
            .map_err(|error| match error {
                DiagnoseError::Pack(error) => bad("packs", &error),
                DiagnoseError::Bundle(error) => bad("bundle", &error),
                error @ DiagnoseError::NoTime => bad("bundle", &error),
            })
    }
}

fn bad(name: &str, error: &dyn core::fmt::Display) -> Error {
    Error::BadDocument((name.to_owned(), error.to_string()))
}
