//! Every setting, as config.json has it.

use maud::Markup;

use crate::page::contents::Contents;
use crate::page::tables::Tables;

pub(super) fn body(contents: &Contents) -> Option<Markup> {
    let config = contents.config.as_ref()?;
    Some(Tables::of_settings("config.json").draw("All settings", config))
}
