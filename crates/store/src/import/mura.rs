use super::ImportError;
use super::assemble::Table;
use super::source::Source;
pub(super) fn read(_files: &[Source]) -> Result<Table, ImportError> {
    Err(ImportError::Format("mura".to_owned()))
}
