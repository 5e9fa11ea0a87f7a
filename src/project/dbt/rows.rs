//! Files of rows, as far as they say which columns there are. It must not know which table they fill.

/// The names in the first line of a file of rows.
pub(super) fn header(text: &str, delimiter: char) -> Vec<String> {
    let mut names = vec![String::new()];
    let mut quoted = false;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                if let Some(name) = names.last_mut() {
                    name.push('"');
                }
            }
            '"' => quoted = !quoted,
            '\n' | '\r' if !quoted => break,
            _ if character == delimiter && !quoted => names.push(String::new()),
            _ => {
                if let Some(name) = names.last_mut() {
                    name.push(character);
                }
            }
        }
    }
    names.iter().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
}
