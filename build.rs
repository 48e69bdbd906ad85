//! Builds again when a file that goes into the binary is added, changed or taken away.

fn main() {
    println!("cargo::rerun-if-changed=suites");
    println!("cargo::rerun-if-changed=drivers");
}
