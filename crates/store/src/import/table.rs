use super::ImportError;
use super::assemble::Table;
use super::source::Source;
pub(super) fn read(_files: &[Source], _map: &std::path::Path) -> Result<Table, ImportError> {
    Err(ImportError::Format("table".to_owned()))
}
