//! The only source of chance.

use std::fmt::Write as _;

use crate::error::Failure;

/// An id such as `signal_5f3a9c55d2b1e477`: so long that no two are the same.
pub fn id(prefix: &str) -> Result<String, Failure> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|error| {
        Failure::unreachable(format!("the system gives no random numbers: {error}"))
    })?;
    Ok(format!("{prefix}_{:016x}", u64::from_be_bytes(bytes)))
}

/// A text that nobody guesses: 32 bytes as hexadecimal digits.
pub fn secret() -> Result<String, Failure> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| {
        Failure::unreachable(format!("the system gives no random numbers: {error}"))
    })?;
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

/// Bits for spreading what would come at once; all set where there is no chance, for
/// the longest wait then.
pub fn jitter() -> u32 {
    let mut bytes = [0; 4];
    match getrandom::fill(&mut bytes) {
        Ok(()) => u32::from_be_bytes(bytes),
        Err(_) => u32::MAX,
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
        let drawn = [(); 4].map(|()| jitter());
        assert!(drawn.iter().any(|bits| *bits != drawn[0]), "{drawn:?}");
    }
}
