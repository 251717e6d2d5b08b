//! `[telemetry]` and `[store]`.

use toml::de::DeValue;

use super::Config;
use super::reader::{Reader, Value};
use crate::error::Failure;

/// Minutes east of UTC from `Z`, `+02:00` or `-0330`.
pub fn parse_offset(text: &str) -> Option<i32> {
    if text.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let digits: String = rest.split(':').collect();
    if digits.len() != 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes): (i32, i32) = (digits[..2].parse().ok()?, digits[2..].parse().ok()?);
    (hours <= 14 && minutes <= 59).then_some(sign * (hours * 60 + minutes))
}

impl Reader<'_> {
    pub(super) fn telemetry(&self, value: &Value<'_>, config: &mut Config) -> Result<(), Failure> {
        for (key, value) in self.table(value)? {
            match &**key.get_ref() {
                "home" => config.home = Some(self.folder(value)?),
                "project" => config.project = Some(self.folder(value)?),
                "naive_offset" => {
                    let text = self.string(value)?;
                    let offset = parse_offset(text).ok_or_else(|| {
                        self.error(&value.span(), "an offset is written such as \"+02:00\"")
                    })?;
                    config.naive_offset_minutes = Some(offset);
                }
                "strict" => match value.get_ref() {
                    DeValue::Boolean(strict) => config.strict = Some(*strict),
                    _ => return Err(self.error(&value.span(), "true or false is needed")),
                },
                name => return Err(self.unknown(&key.span(), &format!("telemetry.{name}"))),
            }
        }
        Ok(())
    }

    pub(super) fn store(&self, value: &Value<'_>, config: &mut Config) -> Result<(), Failure> {
        for (key, value) in self.table(value)? {
            match &**key.get_ref() {
                "url" => config.store = Some(self.string(value)?.to_owned()),
                name => return Err(self.unknown(&key.span(), &format!("store.{name}"))),
            }
        }
        Ok(())
    }
}
