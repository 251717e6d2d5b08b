//! Embeds the built page anew when it changes.

fn main() {
    // A path that does not exist counts as changed each time. Where the folder
    // cannot be made, that is all that happens.
    let _ = std::fs::create_dir_all("../web/dist");
    println!("cargo::rerun-if-changed=../web/dist");
    println!("cargo::rerun-if-changed=build.rs");
}
