//! A decoder at work on the files of another system.

use muster_core::{Decode, DecodeFault, LogKind, Price, PriceTable, TokenPrice};

use super::GuestFile;
use super::sandbox::{DecoderGuest, Description, PluginLimits, SandboxError};
use crate::error::Failure;

/// How often a decoder may break in one file before the rest of it is given up.
const MAX_BREAKS: u32 = 10;
/// How many of its complaints are told.
const MAX_TOLD: usize = 5;

/// A decoder, ready for one file after the other.
pub struct Decoder {
    guest: DecoderGuest,
    about: Description,
    kind: LogKind,
    file: String,
    breaks: u32,
    told: Vec<String>,
    lines: u64,
}

impl Decoder {
    /// Compiles the component and asks what it is.
    pub fn open(file: &GuestFile) -> Result<Self, Failure> {
        let refused = |error: SandboxError| file.refused("decoder", &error);
        let bytes = file.read("decoder", "muster:plugin/decoder")?;
        let limits = PluginLimits::default();
        let mut guest =
            DecoderGuest::new(&bytes, limits, file.cache.as_deref()).map_err(refused)?;
        let about = guest.about().map_err(refused)?;
        if about.log != LogKind::Usage.name() {
            return Err(Failure::unusable(format!(
                "the decoder {} gives records of a log {}, which is not known",
                file.path.display(),
                crate::render::plain(&about.log)
            ))
            .hint("decoders give records of the log usage"));
        }
        Ok(Self {
            guest,
            about,
            kind: LogKind::Usage,
            file: String::new(),
            breaks: 0,
            told: Vec::new(),
            lines: 0,
        })
    }

    /// The log whose records it gives.
    pub fn kind(&self) -> LogKind {
        self.kind
    }

    /// Its name and version, for people.
    pub fn name(&self) -> String {
        crate::render::plain(&format!("{} {}", self.about.name, self.about.version))
    }

    /// The prices that it states over the built-in ones.
    pub fn prices(&self) -> Result<PriceTable, Failure> {
        let mut table = PriceTable::builtin();
        for price in &self.about.prices {
            let of = |text: &str| {
                TokenPrice::per_million(text).map_err(|_| {
                    Failure::unusable(format!(
                        "the decoder {} states what is no price of {}: {}",
                        self.name(),
                        crate::render::plain(&price.model),
                        crate::render::plain(text)
                    ))
                })
            };
            let known = Price {
                input: of(&price.input)?,
                output: of(&price.output)?,
            };
            table.insert(&price.model, None, known);
        }
        Ok(table)
    }

    /// A file begins.
    pub fn start(&mut self, file: &str) {
        file.clone_into(&mut self.file);
        self.breaks = 0;
        self.lines = 0;
        self.start_guest();
    }

    /// The first of its complaints about the lines of the file.
    pub fn take_told(&mut self) -> Vec<String> {
        std::mem::take(&mut self.told)
    }

    fn start_guest(&mut self) {
        if let Err(error) = self.guest.start(&self.file) {
            self.broke(&error);
        }
    }

    fn tell(&mut self, what: &str) {
        if self.told.len() < MAX_TOLD {
            let text = format!("{}: line {}: {what}", self.file, self.lines);
            self.told.push(crate::render::plain(&text));
        }
    }

    fn broke(&mut self, error: &SandboxError) -> DecodeFault {
        self.breaks += 1;
        self.tell(&format!("the decoder broke: {error}"));
        if self.breaks == MAX_BREAKS {
            let text = format!(
                "{}: the decoder broke {MAX_BREAKS} times; the file is given up at line {}",
                self.file, self.lines
            );
            self.told.push(crate::render::plain(&text));
        }
        DecodeFault::Broke
    }

    fn ask(
        &mut self,
        call: impl FnOnce(&mut DecoderGuest) -> Result<Result<String, String>, SandboxError>,
    ) -> Result<String, DecodeFault> {
        if self.breaks >= MAX_BREAKS {
            return Err(DecodeFault::Broke);
        }
        match call(&mut self.guest) {
            Ok(Ok(records)) => Ok(records),
            Ok(Err(reason)) => {
                self.tell(&reason);
                Err(DecodeFault::Refused)
            }
            Err(error) => {
                let fault = self.broke(&error);
                self.start_guest();
                Err(fault)
            }
        }
    }
}

impl Decode for Decoder {
    fn line(&mut self, text: &str) -> Result<String, DecodeFault> {
        self.lines += 1;
        self.ask(|guest| guest.line(text))
    }

    fn finish(&mut self) -> Result<String, DecodeFault> {
        if self.breaks >= MAX_BREAKS {
            // All of its lines are told of already.
            return Ok(String::new());
        }
        self.ask(DecoderGuest::finish)
    }
}
