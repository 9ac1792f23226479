//! ECSV, the text that astropy writes.

use std::path::{Path, PathBuf};

use crate::{open, same};

fn written(folder: &tempfile::TempDir, text: &str) -> PathBuf {
    let path = folder.path().join("t.ecsv");
    std::fs::write(&path, text).unwrap();
    path
}

fn refusal(path: &Path) -> String {
    let catalog = astrogen_catalog::Catalog::open(path, &Default::default());
    catalog.unwrap_err().to_string()
}

/// The header with this line on the delimiter.
fn header(delimiter: &str) -> String {
    format!(
        "# %ECSV 1.0\n# ---\n{delimiter}# datatype:\n\
         # - {{name: ra, unit: hourangle, datatype: float64}}\n\
         # - {{name: dec, unit: deg, datatype: float64}}\n\
         # - {{name: na me, datatype: string}}\n\
         # - {{name: mags, datatype: string, subtype: 'float64[2]'}}\n\
         # - {{name: odd, datatype: string, subtype: 'float64[null]'}}\n\
         # - name: flags\n#   datatype: int64\n#   meta: !!omap\n#   - unit: none\n\
         # meta: !!omap\n# - made: by hand\n# schema: astropy-2.0\n"
    )
}

#[test]
fn the_header_is_obeyed() {
    let folder = tempfile::tempdir().unwrap();
    let blanks = "ra dec \"na me\" mags odd flags\n\
                  1.0 -0.5 \"a b\" [1.0,2.0] [1.0] 9007199254740993\n\
                  2.0 \"\" \"\" [3.0,null] [] 4\n";
    let commas = "ra,dec,na me,mags,odd,flags\n\
                  1.0,-0.5,a b,\"[1.0,2.0]\",[1.0],9007199254740993\n\
                  2.0,,,\"[3.0,null]\",[],4\n";
    for text in [header("") + blanks, header("# delimiter: ','\n") + commas] {
        let path = written(&folder, &text);
        let catalog = open(&path);
        let about = |name: &str| catalog.columns().iter().find(|own| own.name == name).unwrap();
        assert_eq!(
            (about("ra").unit.as_deref(), about("flags").unit.as_deref()),
            (Some("hourangle"), None)
        );
        assert_eq!((about("ra").stored_as.as_str(), about("mags").length), ("float64", 2));
        let names = ["dec", "mags[0]", "mags[1]", "flags"];
        let (columns, _) = catalog.read(&names).unwrap();
        let nan = f64::NAN;
        for (got, want) in columns.values().iter().zip([[-0.5, nan], [1.0, 3.0], [2.0, nan]]) {
            assert!(same(got, &want), "{got:?}");
        }
        assert_eq!(columns.integers("flags").unwrap(), [Some(9_007_199_254_740_993), Some(4)]);
        let message = catalog.read(&["odd"]).unwrap_err().to_string();
        assert!(message.contains("holds arrays of variable length"), "{message}");
        let message = catalog.read(&["na me"]).unwrap_err().to_string();
        assert!(message.contains("has no number in line"), "{message}");

        let catalog = catalog.with_position("ra", "dec").unwrap();
        assert_eq!(catalog.read(&["ra"]).unwrap().0.values()[0], [15.0, 30.0]);
    }
}

#[test]
fn without_rows_the_columns_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(&folder, &(header("") + "ra dec \"na me\" mags odd flags\n"));
    let (columns, _) = open(&path).read(&["ra", "mags[1]"]).unwrap();
    assert_eq!((columns.names().len(), columns.len()), (2, 0));
}

#[test]
fn a_header_that_does_not_fit_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let message = refusal(&written(&folder, &(header("") + "ra dec\n1 2\n")));
    assert!(
        message.contains("t.ecsv") && message.contains("its first row names [\"ra\", \"dec\"]"),
        "{message}"
    );
    let message = refusal(&written(&folder, "# %ECSV 1.0\n# ---\n# datatype: [\nra\n1\n"));
    assert!(message.contains("its ECSV header is no YAML"), "{message}");
}
