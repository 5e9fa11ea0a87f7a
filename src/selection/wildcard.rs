//! Names with `*` and `?` for any characters. It must not know what is called so.

/// A pattern for names; letter case does not matter.
#[derive(Debug, Clone)]
pub(super) struct Wildcard {
    pattern: Vec<char>,
}

impl Wildcard {
    /// The pattern of a text; `None` if nothing in it stands for other characters.
    pub(super) fn new(text: &str) -> Option<Self> {
        text.contains(['*', '?']).then(|| Self { pattern: text.to_lowercase().chars().collect() })
    }

    /// Whether all of a name fits.
    pub(super) fn fits(&self, name: &str) -> bool {
        let name: Vec<char> = name.to_lowercase().chars().collect();
        let (mut at, mut in_name) = (0, 0);
        // Where the last `*` stands, and up to where it was taken to reach.
        let mut star: Option<(usize, usize)> = None;
        while in_name < name.len() {
            match self.pattern.get(at) {
                Some('*') => {
                    star = Some((at, in_name));
                    at += 1;
                }
                Some(c) if *c == '?' || *c == name[in_name] => {
                    at += 1;
                    in_name += 1;
                }
                _ => match star {
                    Some((place, reach)) => {
                        star = Some((place, reach + 1));
                        at = place + 1;
                        in_name = reach + 1;
                    }
                    None => return false,
                },
            }
        }
        self.pattern[at..].iter().all(|c| *c == '*')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_characters() {
        let fits = |pattern, name| Wildcard::new(pattern).is_some_and(|wildcard| wildcard.fits(name));
        for (pattern, name) in [("stg_*", "stg_orders"), ("*", ""), ("*_a*b", "x_aab"), ("a?c", "Abc"), ("a*", "a")] {
            assert!(fits(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("stg_*", "fct_orders"), ("a?c", "ac"), ("*a", "ab"), ("?", "")] {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
        assert!(Wildcard::new("orders").is_none());
    }
}
