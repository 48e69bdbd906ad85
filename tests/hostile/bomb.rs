//! A body that is small on the wire and large when it is unpacked.

/// Returns gzip that unpacks to about `n_bytes` zeros, a thousandth or so of them on the wire: one fixed-Huffman block
/// of matches of the longest kind (RFC 1951 §3.2.6; checksum and length are left out, as nobody gets so far).
pub(super) fn gzip_bomb(n_bytes: usize) -> Vec<u8> {
    let mut bits = Bits { bytes: b"\x1f\x8b\x08\0\0\0\0\0\0\x03".to_vec(), n_free: 0 };
    // Last block, fixed codes; then the literal 0.
    bits.push(0b1, 1);
    bits.push(0b01, 2);
    bits.push_code(0b0011_0000, 8);
    for _ in 0..n_bytes / 258 {
        // Length 258 (symbol 285), distance 1 (symbol 0).
        bits.push_code(0b1100_0101, 8);
        bits.push_code(0, 5);
    }
    bits.push_code(0, 7);
    bits.bytes
}

struct Bits {
    bytes: Vec<u8>,
    /// Unused high bits of the last byte.
    n_free: u32,
}

impl Bits {
    /// Adds bits, the lowest first.
    fn push(&mut self, bits: u32, n_bits: u32) {
        for idx in 0..n_bits {
            if self.n_free == 0 {
                self.bytes.push(0);
                self.n_free = 8;
            }
            let bit = u8::from(bits >> idx & 1 == 1);
            let at = 8 - self.n_free;
            if let Some(last) = self.bytes.last_mut() {
                *last |= bit << at;
            }
            self.n_free -= 1;
        }
    }

    /// Adds a Huffman code, the highest bit first.
    fn push_code(&mut self, code: u32, n_bits: u32) {
        (0..n_bits).rev().for_each(|idx| self.push(code >> idx & 1, 1));
    }
}

#[test]
fn the_bomb_is_a_bomb() {
    let bomb = gzip_bomb(1 << 20);
    assert!(bomb.len() < 8_000, "{}", bomb.len());
    // Only where somebody can unpack it: gzip itself says what it thinks of the missing end, after the zeros.
    let Ok(mut child) = std::process::Command::new("gzip")
        .arg("-dc")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
    else {
        return;
    };
    use std::io::Write as _;
    child.stdin.take().expect("piped").write_all(&bomb).expect("taken");
    let out = child.wait_with_output().expect("ends").stdout;
    assert!(out.len() >= 1_000_000 && out.iter().all(|byte| *byte == 0), "{}", out.len());
}
