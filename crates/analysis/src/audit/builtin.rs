//! The tables of two papers, as data files, with what their text says about them.

use super::statements::Notes;
use super::table::Table;
use super::{Audit, audit};

/// Names of the built-in tables.
pub const BUILTIN: [&str; 6] = [
    "mura-table2",
    "cxr14-table1",
    "cxr14-table2",
    "mura-audit-table3",
    "mura-audit-table4",
    "mura-audit-table5",
];

macro_rules! files {
    ($name:literal) => {
        (
            include_str!(concat!("../../../../assets/published/", $name, ".csv")),
            include_str!(concat!("../../../../assets/published/", $name, ".toml")),
        )
    };
}

fn files(name: &str) -> Option<(&'static str, &'static str)> {
    Some(match name {
        "mura-table2" => files!("mura-table2"),
        "cxr14-table1" => files!("cxr14-table1"),
        "cxr14-table2" => files!("cxr14-table2"),
        "mura-audit-table3" => files!("mura-audit-table3"),
        "mura-audit-table4" => files!("mura-audit-table4"),
        "mura-audit-table5" => files!("mura-audit-table5"),
        _ => return None,
    })
}

/// Audits a built-in table; `None` where there is none of that name. That each file reads is a test.
pub fn builtin(name: &str) -> Option<Audit> {
    let (csv, notes) = files(name)?;
    let notes: Notes = toml::from_str(notes).ok()?;
    Some(audit(name, &Table::parse(csv).ok()?, &notes))
}
