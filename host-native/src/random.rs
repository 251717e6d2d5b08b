//! The only source of chance.

use crate::error::Failure;

/// An id such as `signal_5f3a9c55d2b1e477`: so long that no two are the same.
pub fn id(prefix: &str) -> Result<String, Failure> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|error| {
        Failure::unreachable(format!("the system gives no random numbers: {error}"))
    })?;
    Ok(format!("{prefix}_{:016x}", u64::from_be_bytes(bytes)))
}

/// A number from 0 to below 1, for spreading; one half where there is no chance.
pub fn share() -> f64 {
    let mut bytes = [0; 4];
    match getrandom::fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_be_bytes(bytes)) / (f64::from(u32::MAX) + 1.0),
        Err(_) => 0.5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_differ() {
        let (a, b) = (id("signal").unwrap(), id("signal").unwrap());
        assert_ne!(a, b);
        assert_eq!(a.len(), "signal_".len() + 16);
        assert!((0.0..1.0).contains(&share()));
    }
}
