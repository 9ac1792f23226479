//! The same rows for generation, chunk by chunk.

use astrogen_tables::Contexts;
use astrogen_tables::{ContextReader, Table, TableConfig};
use ndarray::{Axis, concatenate};

use crate::made::*;

fn contexts(config: &TableConfig, table: &Table, rows: usize) -> Vec<Contexts> {
    let reader = ContextReader::open(config, table.scaling(), rows).unwrap();
    reader.map(Result::unwrap).collect()
}

#[test]
fn contexts_are_those_of_training_whatever_the_chunks() {
    let survey = Survey::new();
    let table = Table::open(&survey.config()).unwrap();
    // A catalogue without observed columns: the row that was not measured is there too.
    let config = TableConfig {
        observed: Vec::new(),
        conditions: vec![survey.map("seeing.fits")],
        ..survey.config()
    };
    let whole = contexts(&config, &table, 10_000);
    assert_eq!(whole.len(), 1);
    let want: Vec<u64> = (0..600).filter(|row| ![3, 4, 5].contains(row)).collect();
    assert_eq!(whole[0].rows, want);
    for (at, &row) in whole[0].rows.iter().enumerate() {
        assert_eq!(whole[0].truth.row(at).to_vec(), truth(row as usize));
    }
    let validation = table.validation();
    for (row, want) in validation.rows.iter().zip(table.scaled_validation().context().rows()) {
        let at = whole[0].rows.binary_search(row).unwrap();
        assert_eq!(whole[0].context.row(at), want);
    }
    for rows in [1, 7, 599] {
        let chunks = contexts(&config, &table, rows);
        assert!(chunks.iter().all(|chunk| (1..=rows).contains(&chunk.rows.len())));
        let joined: Vec<u64> = chunks.iter().flat_map(|chunk| chunk.rows.clone()).collect();
        assert_eq!(joined, whole[0].rows);
        let views: Vec<_> = chunks.iter().map(|chunk| chunk.context.view()).collect();
        assert_eq!(concatenate(Axis(0), &views).unwrap(), whole[0].context);
        let views: Vec<_> = chunks.iter().map(|chunk| chunk.truth.view()).collect();
        assert_eq!(concatenate(Axis(0), &views).unwrap(), whole[0].truth);
    }

    let other = TableConfig { truth: vec!["I_TRUE".into()], ..config.clone() };
    let refused = ContextReader::open(&other, table.scaling(), 10).map(|_| ());
    let text = refused.unwrap_err().to_string();
    assert!(text.contains("trained on") && text.contains("[\"SEEING\", \"I_TRUE\"]"), "{text}");

    let mut none = config;
    none.catalog.filters.push("FLAGS == 7".parse().unwrap());
    let mut reader = ContextReader::open(&none, table.scaling(), 50).unwrap();
    let text = reader.next().unwrap().unwrap_err().to_string();
    assert!(text.contains("the selection is empty"), "{text}");
    assert!(reader.next().is_none());
    assert_eq!((reader.counts().read(), reader.counts().kept()), (600, 0));
}

#[test]
fn a_catalogue_without_rows_has_no_contexts() {
    let survey = Survey::new();
    let table = Table::open(&survey.config()).unwrap();
    let path = survey.path("none.csv");
    std::fs::write(&path, "RA,DEC,FLAGS,R_TRUE,I_TRUE,SEEING\n").unwrap();
    let config = TableConfig { path, observed: Vec::new(), ..survey.config() };
    let mut reader = ContextReader::open(&config, table.scaling(), 50).unwrap();
    assert!(reader.next().is_none());
    assert_eq!(reader.counts().read(), 0);
    // To train on it is refused.
    let config =
        TableConfig { observed: vec!["R_TRUE".into()], truth: vec!["I_TRUE".into()], ..config };
    assert!(message(&config).contains("the table is empty"), "{}", message(&config));
}
