//! Numbers that look random and are functions of their place in a sequence: SplitMix64, which passes the usual tests.

/// From one place of the sequence to the next.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// Mixes the bits of a number; no two numbers come to the same.
pub fn mix(number: u64) -> u64 {
    let mut bits = number.wrapping_add(STEP);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

/// Returns the `n`th number of the sequence that begins at `start`.
pub fn nth(start: u64, n: u64) -> u64 {
    mix(start.wrapping_add(n.wrapping_mul(STEP)))
}

/// Returns a number above 0 and below 1.
pub fn uniform(start: u64, n: u64) -> f64 {
    ((nth(start, n) >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
}

/// Returns a standard normal number (Box and Muller).
pub fn normal(start: u64, n: u64) -> f64 {
    let (first, second) = (uniform(start, n.wrapping_mul(2)), uniform(start, n.wrapping_mul(2).wrapping_add(1)));
    (-2.0 * first.ln()).sqrt() * (std::f64::consts::TAU * second).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_the_published_one() {
        // The first numbers for the seed 1234567 (source: Rosetta Code, Pseudo-random numbers/Splitmix64).
        let expected = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
        assert_eq!([0, 1, 2].map(|n| nth(1_234_567, n)), expected);
    }

    #[test]
    fn numbers_are_spread_as_they_say() {
        let n = 20_000;
        let mean = (0..n).map(|at| uniform(7, at)).sum::<f64>() / n as f64;
        assert!((mean - 0.5).abs() < 0.01, "{mean}");
        let square = (0..n).map(|at| normal(7, at).powi(2)).sum::<f64>() / n as f64;
        assert!((square - 1.0).abs() < 0.05, "{square}");
    }
}
