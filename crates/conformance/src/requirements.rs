//! The tables of notes/requirements, and the list of declared exceptions beside them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::fault::Fault;
use crate::row::{COLUMNS, Row};

/// Where the tables are, from the project's folder on.
const FOLDER: &str = "notes/requirements";
/// What we do otherwise on purpose.
const EXCEPTIONS: &str = "exceptions.tsv";
const EXCEPTION_COLUMNS: [&str; 2] = ["id", "reason"];

/// All that is required of us.
#[derive(Debug, Default)]
pub(crate) struct Requirements {
    tables: Vec<Table>,
    /// The reason for each exception, by the id of its row.
    exceptions: BTreeMap<String, String>,
}

/// The requirements of one RFC.
#[derive(Debug)]
pub(crate) struct Table {
    /// The file's name without its ending (`rfc1122`).
    name: String,
    pub(crate) rows: Vec<Row>,
}

impl Requirements {
    /// Reads every table of `project`, and looks whether the code that they name is there.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(crate) fn read(project: &Path) -> Result<Self, Vec<Fault>> {
        let mut reader = Reader { project, requirements: Self::default(), faults: Vec::new() };
        match tables(&project.join(FOLDER)) {
            Ok(files) => files.iter().for_each(|file| reader.read_table(file)),
            Err(error) => reader.faults.push(Fault::of_file(Path::new(FOLDER), error)),
        }
        reader.read_exceptions(&Path::new(FOLDER).join(EXCEPTIONS));
        if reader.faults.is_empty() { Ok(reader.requirements) } else { Err(reader.faults) }
    }

    /// The tables of these names; all if there is no name.
    ///
    /// # Errors
    /// In one line, which of them is no table.
    pub(crate) fn choose(&self, names: &[String]) -> Result<Vec<&Table>, String> {
        let known = || self.tables.iter().map(|table| table.name.as_str());
        if let Some(wrong) = names.iter().find(|name| known().all(|table| table != *name)) {
            let known = known().collect::<Vec<_>>().join(", ");
            return Err(format!("'{wrong}' is no table of {FOLDER}; there is {known}"));
        }
        let chosen = |table: &&Table| names.is_empty() || names.contains(&table.name);
        Ok(self.tables.iter().filter(chosen).collect())
    }

    /// Why we do otherwise than the row of this `id` says, if we declare that.
    pub(crate) fn exception(&self, id: &str) -> Option<&str> {
        self.exceptions.get(id).map(String::as_str)
    }

    fn ids(&self) -> BTreeSet<String> {
        self.tables.iter().flat_map(|table| &table.rows).map(|row| row.id.clone()).collect()
    }
}

/// The files with a table, in the order of their names, from the project's folder on.
fn tables(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = PathBuf::from(entry?.file_name());
        if name.extension().is_some_and(|it| it == "tsv") && name != Path::new(EXCEPTIONS) {
            files.push(Path::new(FOLDER).join(name));
        }
    }
    files.sort();
    Ok(files)
}

/// Reads on after a fault, so that one run tells of all.
struct Reader<'a> {
    project: &'a Path,
    requirements: Requirements,
    faults: Vec<Fault>,
}

impl Reader<'_> {
    fn read_table(&mut self, file: &Path) {
        let mut ids = self.requirements.ids();
        let mut rows = Vec::new();
        for (number, line) in self.lines(file, &COLUMNS) {
            match line.parse::<Row>() {
                Ok(row) if !ids.insert(row.id.clone()) => {
                    self.fault(file, number, format_args!("the id {} is taken", row.id));
                }
                Ok(row) => {
                    self.check_code(file, number, &row);
                    rows.push(row);
                }
                Err(error) => self.fault(file, number, error),
            }
        }
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        self.requirements.tables.push(Table { name, rows });
    }

    fn check_code(&mut self, file: &Path, number: usize, row: &Row) {
        for place in &row.code {
            if let Err(error) = place.find(self.project) {
                self.fault(file, number, error);
            }
        }
    }

    fn read_exceptions(&mut self, file: &Path) {
        let ids = self.requirements.ids();
        for (number, line) in self.lines(file, &EXCEPTION_COLUMNS) {
            match line.split('\t').collect::<Vec<_>>().as_slice() {
                [_, reason] if reason.trim().is_empty() => {
                    self.fault(file, number, "the reason is empty");
                }
                [id, _] if !ids.contains(*id) => {
                    self.fault(file, number, format_args!("no table has a row '{id}'"));
                }
                [id, reason] => {
                    let exceptions = &mut self.requirements.exceptions;
                    if exceptions.insert((*id).to_owned(), (*reason).to_owned()).is_some() {
                        self.fault(file, number, format_args!("{id} stands here twice"));
                    }
                }
                cells => {
                    let what = format!("{} instead of 2 cells: id, reason", cells.len());
                    self.fault(file, number, what);
                }
            }
        }
    }

    /// The lines of `file` behind the first, which names its columns, each with its number.
    fn lines(&mut self, file: &Path, columns: &[&str]) -> Vec<(usize, String)> {
        let text = match fs::read_to_string(self.project.join(file)) {
            Ok(text) => text,
            Err(error) => {
                self.faults.push(Fault::of_file(file, error));
                return Vec::new();
            }
        };
        let mut lines = (1..).zip(text.lines().map(str::to_owned));
        let expected = columns.join("\t");
        if lines.next().is_none_or(|(_, first)| first != expected) {
            let names = columns.join(", ");
            self.fault(file, 1, format_args!("the first line must name the columns: {names}"));
        }
        lines.collect()
    }

    fn fault(&mut self, file: &Path, line: usize, what: impl std::fmt::Display) {
        self.faults.push(Fault::new(file, line, what));
    }
}

#[cfg(test)]
mod tests;
