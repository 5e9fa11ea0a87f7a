//! What an error message is about, in the words of warehouses and of dbt's tests. It must not know changes,
//! but for which effects could show so.

use std::collections::BTreeSet;

use headsup_lineage::change::EffectKind;

/// What is wrong, as far as a message tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Symptom {
    /// A column is not there.
    MissingColumn,
    /// A table is not there.
    MissingTable,
    /// Something that ought to be unique is not.
    NotUnique,
    /// NULL stands where it must not.
    Null,
    /// A value does not fit its type.
    WrongType,
    /// A value is none of those that are allowed, or refers to nothing.
    WrongValue,
    /// The SQL does not parse or compile.
    Syntax,
    /// The warehouse or the network, not the code.
    Outside,
}

/// What several messages are about, and the names that stand in them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Symptoms {
    /// What is wrong.
    pub kinds: BTreeSet<Symptom>,
    /// The words in lower case.
    words: BTreeSet<String>,
}

/// Words of messages, in lower case, and what they are about. An asterisk stands for anything in between.
const SIGNS: [(&str, Symptom); 47] = [
    ("invalid identifier", Symptom::MissingColumn),
    ("unrecognized name", Symptom::MissingColumn),
    ("column*does not exist", Symptom::MissingColumn),
    ("no such column", Symptom::MissingColumn),
    ("unknown column", Symptom::MissingColumn),
    ("invalid column name", Symptom::MissingColumn),
    ("column*not found", Symptom::MissingColumn),
    ("column*cannot be resolved", Symptom::MissingColumn),
    ("unresolved_column", Symptom::MissingColumn),
    ("referenced column", Symptom::MissingColumn),
    ("not found inside", Symptom::MissingColumn),
    ("missing columns", Symptom::MissingColumn),
    ("does not exist or not authorized", Symptom::MissingTable),
    ("relation*does not exist", Symptom::MissingTable),
    ("table*does not exist", Symptom::MissingTable),
    ("table*not found", Symptom::MissingTable),
    ("table*was not found", Symptom::MissingTable),
    ("no such table", Symptom::MissingTable),
    ("table_or_view_not_found", Symptom::MissingTable),
    ("invalid object name", Symptom::MissingTable),
    ("depends on a node named", Symptom::MissingTable),
    ("unique", Symptom::NotUnique),
    ("duplicate", Symptom::NotUnique),
    ("more than one row", Symptom::NotUnique),
    ("must match at most one", Symptom::NotUnique),
    ("nondeterministic", Symptom::NotUnique),
    ("not_null", Symptom::Null),
    ("null value", Symptom::Null),
    ("null result", Symptom::Null),
    ("cannot be null", Symptom::Null),
    ("numeric value", Symptom::WrongType),
    ("invalid input syntax for", Symptom::WrongType),
    ("cast", Symptom::WrongType),
    ("could not convert", Symptom::WrongType),
    ("conversion", Symptom::WrongType),
    ("type mismatch", Symptom::WrongType),
    ("no matching signature", Symptom::WrongType),
    ("data type", Symptom::WrongType),
    ("accepted_values", Symptom::WrongValue),
    ("relationships", Symptom::WrongValue),
    ("syntax error", Symptom::Syntax),
    ("compilation error", Symptom::Syntax),
    ("timed out", Symptom::Outside),
    ("timeout", Symptom::Outside),
    ("connection", Symptom::Outside),
    ("quota", Symptom::Outside),
    ("credential", Symptom::Outside),
];

impl Symptoms {
    /// What messages, and the names of tests that failed, are about.
    #[must_use]
    pub fn of<'t>(texts: impl IntoIterator<Item = &'t str>) -> Self {
        let mut symptoms = Self::default();
        for text in texts {
            let lower = text.to_lowercase();
            symptoms.kinds.extend(SIGNS.iter().filter(|(sign, _)| holds(&lower, sign)).map(|(_, symptom)| *symptom));
            let words = lower.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| word.len() > 1);
            symptoms.words.extend(words.map(str::to_owned));
        }
        symptoms
    }

    /// Whether nothing was said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Whether messages say that a table failed: `Database Error in model orders`, or a test that is named after it.
    #[must_use]
    pub fn names_failed(&self, table: &str) -> bool {
        let last = table.rsplit('.').next().unwrap_or(table).trim_matches(['"', '`']).to_lowercase();
        let tested = |word: &String| {
            is_test(word) && (word.contains(&format!("_{last}_")) || word.ends_with(&format!("_{last}")))
        };
        last.len() > 3 && (self.words.contains(&last) || self.words.iter().any(tested))
    }

    /// Whether nothing but the world outside is blamed.
    #[must_use]
    pub fn is_outside(&self) -> bool {
        self.kinds.len() == 1 && self.kinds.contains(&Symptom::Outside)
    }

    /// Whether messages name a column, or the table at the end of a name. Names that are words of everyday
    /// messages as well count only where nothing else could be meant, so they do not count.
    #[must_use]
    pub fn name(&self, name: &str) -> bool {
        const EVERYDAY: [&str; 24] = [
            "id", "date", "type", "value", "values", "name", "status", "data", "time", "user", "number", "table",
            "column", "row", "rows", "error", "model", "test", "key", "at", "in", "not", "null", "line",
        ];
        let last = name.rsplit('.').next().unwrap_or(name).trim_matches(['"', '`']).to_lowercase();
        if EVERYDAY.contains(&last.as_str()) {
            return false;
        }
        // The name of a test holds the names of its table and column: `unique_orders_id`.
        self.words.contains(&last)
            || last.len() > 3
                && self
                    .words
                    .iter()
                    .any(|word| word.strip_suffix(&last).is_some_and(|before| before.ends_with('_')) && is_test(word))
    }
}

/// Whether a word is the name of one of dbt's tests.
fn is_test(word: &str) -> bool {
    ["unique_", "not_null_", "accepted_values_", "relationships_", "dbt_utils_"]
        .iter()
        .any(|kind| word.starts_with(kind))
}

/// Whether a text holds the parts of a sign in a line, one after the other.
fn holds(text: &str, sign: &str) -> bool {
    text.lines().any(|line| {
        let mut rest = line;
        sign.split('*').all(|part| match rest.find(part) {
            Some(place) => {
                rest = &rest[place + part.len()..];
                true
            }
            None => false,
        })
    })
}

impl Symptom {
    /// Whether an effect could show so.
    #[must_use]
    pub const fn comes_of(self, effect: EffectKind) -> bool {
        use EffectKind::{
            Broken, Moved, Regrained, Removed, Retyped, Revalued, RowsAdded, RowsDuplicated, RowsRemoved,
        };
        match self {
            Self::MissingColumn => matches!(effect, Broken | Removed),
            Self::MissingTable => matches!(effect, Broken | Removed | Moved),
            Self::NotUnique => matches!(effect, RowsDuplicated | Regrained | RowsAdded),
            Self::Null => matches!(effect, Revalued | RowsAdded),
            Self::WrongType => matches!(effect, Retyped | Revalued),
            Self::WrongValue => matches!(effect, Revalued | RowsAdded | RowsRemoved),
            Self::Syntax => matches!(effect, Broken),
            Self::Outside => false,
        }
    }

    /// In words, as what something can come of.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::MissingColumn => "a missing column",
            Self::MissingTable => "a missing table",
            Self::NotUnique => "what is not unique",
            Self::Null => "a NULL",
            Self::WrongType => "a value of another type",
            Self::WrongValue => "an unexpected value",
            Self::Syntax => "SQL that does not compile",
            Self::Outside => "trouble outside",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, kinds: &[Symptom]) {
        assert_eq!(Symptoms::of([text]).kinds.into_iter().collect::<Vec<_>>(), kinds, "{text}");
    }

    #[test]
    fn messages_of_warehouses() {
        check(
            "SQL compilation error: error line 3 at position 7\ninvalid identifier 'O.TAX'",
            &[Symptom::MissingColumn, Symptom::Syntax],
        );
        check("Unrecognized name: tax at [3:9]", &[Symptom::MissingColumn]);
        check("column \"tax\" does not exist", &[Symptom::MissingColumn]);
        check("relation \"core.orders\" does not exist", &[Symptom::MissingTable]);
        check("Got 3 results, configured to fail if != 0\nunique_orders_id", &[Symptom::NotUnique]);
        check("Numeric value 'abc' is not recognized", &[Symptom::WrongType]);
        check("Connection timed out", &[Symptom::Outside]);
        check("column a is fine\nrow 7 does not exist", &[]);
    }

    #[test]
    fn names_in_messages() {
        let symptoms = Symptoms::of(["invalid identifier 'O.TAX_RATE'", "unique_fct_orders_order_key"]);
        assert!(symptoms.name("tax_rate"));
        assert!(symptoms.name("ORDER_KEY"), "at the end of a test's name");
        assert!(!symptoms.name("key"), "a word of everyday");
        assert!(!symptoms.name("rate"), "a part of a word");
        assert!(!symptoms.name("order"));
    }
}
