//! The face that the host sees, generated from `host-wasm/wit/plugin`.

use core::cell::RefCell;

use bindings::exports::muster::plugin::decode::{Description, Guest, Price};

use crate::{PRICES, Transcripts};

#[allow(
    unsafe_code,
    missing_docs,
    unreachable_pub,
    clippy::pedantic,
    reason = "generated code"
)]
mod bindings {
    wit_bindgen::generate!({
        path: "../../host-wasm/wit/plugin",
        world: "decoder",
    });

    use super::Decoder;

    export!(Decoder);
}

struct Decoder;

thread_local! {
    /// All that the guest remembers; it has one thread.
    static TRANSCRIPTS: RefCell<Transcripts> = RefCell::default();
}

impl Guest for Decoder {
    fn about() -> Description {
        let price = |(model, input, output): (&str, &str, &str)| Price {
            model: model.to_owned(),
            input: input.to_owned(),
            output: output.to_owned(),
        };
        Description {
            name: "claude-code".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            log: "usage".to_owned(),
            prices: PRICES.into_iter().map(price).collect(),
        }
    }

    fn start(_file: String) {
        TRANSCRIPTS.with_borrow_mut(Transcripts::start);
    }

    fn line(text: String) -> Result<String, String> {
        TRANSCRIPTS.with_borrow_mut(|transcripts| transcripts.line(&text))
    }

    fn finish() -> Result<String, String> {
        Ok(TRANSCRIPTS.with_borrow_mut(Transcripts::finish))
    }
}
