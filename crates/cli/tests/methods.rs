//! Every function of `overread calc` stands on a page of the methods.

use std::path::Path;

use overread_cli::calc::functions;

#[test]
fn every_function_and_every_other_name_of_it_stands_on_a_page() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/methods");
    let mut pages = String::new();
    for page in std::fs::read_dir(folder).unwrap() {
        pages += &std::fs::read_to_string(page.unwrap().path()).unwrap();
    }
    let mut missing = Vec::new();
    for function in functions() {
        for name in function.aliases.iter().chain([&function.name]) {
            let called = [format!("calc {name}"), format!("`{name}`")];
            if !called.iter().any(|text| pages.contains(text)) {
                missing.push(*name);
            }
        }
    }
    assert!(missing.is_empty(), "not on any page: {}", missing.join(", "));
}
