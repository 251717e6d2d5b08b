//! `[gateway.profile.NAME]`.

use toml::de::DeValue;

use super::Config;
use super::reader::{Reader, Value, digits};
use crate::error::Failure;
use crate::gateway::{self, ProfileSettings};

impl Reader<'_> {
    pub(super) fn gateway(&self, value: &Value<'_>, config: &mut Config) -> Result<(), Failure> {
        for (key, value) in self.table(value)? {
            if &**key.get_ref() != "profile" {
                return Err(self.unknown(&key.span(), &format!("gateway.{}", key.get_ref())));
            }
            for (name, value) in self.table(value)? {
                let profile = self.profile(value)?;
                config.profiles.insert(name.get_ref().to_string(), profile);
            }
        }
        Ok(())
    }

    pub(super) fn profile(&self, value: &Value<'_>) -> Result<ProfileSettings, Failure> {
        let mut profile = ProfileSettings {
            file: self.path.to_path_buf(),
            ..ProfileSettings::default()
        };
        for (key, value) in self.table(value)? {
            let name = key.get_ref().to_string();
            match name.as_str() {
                "base" => {
                    let base = self.string(value)?;
                    if !gateway::BUILT_IN.contains(&base) {
                        let message = format!("base is one of {}", gateway::BUILT_IN.join(", "));
                        return Err(self.error(&value.span(), &message));
                    }
                    profile.base = Some(base.to_owned());
                }
                "ports" => profile.ports = Some(self.ports(value)?),
                "timeout_s" => profile.timeout_us = Some(self.seconds(value)?),
                known if gateway::PATHS.contains(&known) => {
                    let path = self.folder(value)?.to_string_lossy().into_owned();
                    profile.texts.insert(name, path);
                }
                known if gateway::TEXTS.contains(&known) => {
                    let text = self.string(value)?.to_owned();
                    profile.texts.insert(name, text);
                }
                known if gateway::LISTS.contains(&known) => {
                    profile.lists.insert(name, self.strings(value)?);
                }
                known if gateway::FLAGS.contains(&known) => {
                    profile.flags.insert(name, self.flag(value)?);
                }
                known if gateway::NAMED.contains(&known) => {
                    for (inner, value) in self.table(value)? {
                        let place = (name.clone(), inner.get_ref().to_string());
                        let is_command = matches!(value.get_ref(), DeValue::Array(_));
                        if is_command && matches!(known, "versions" | "documents") {
                            profile.named_lists.insert(place, self.strings(value)?);
                        } else if known == "journals" {
                            profile.named.insert(place, self.string(value)?.to_owned());
                        } else if known == "documents" {
                            return Err(self.error(&value.span(), "a command is a list of texts"));
                        } else {
                            let path = self.folder(value)?.to_string_lossy().into_owned();
                            profile.named.insert(place, path);
                        }
                    }
                }
                _ => {
                    return Err(self.unknown(&key.span(), &format!("gateway.profile.NAME.{name}")));
                }
            }
        }
        Ok(profile)
    }

    pub(super) fn ports(&self, value: &Value<'_>) -> Result<Vec<u16>, Failure> {
        let DeValue::Array(items) = value.get_ref() else {
            return Err(self.error(&value.span(), "a list of ports is needed here"));
        };
        items
            .iter()
            .map(|item| {
                digits(item)
                    .parse()
                    .map_err(|_| self.error(&item.span(), "a port is a number up to 65535"))
            })
            .collect()
    }
}
