//! A text that never grows beyond a limit: parts are written whole, or left out and counted.

/// What the count of what was left out may take.
const COUNT: usize = 80;

/// Text in the making.
#[derive(Debug)]
pub(super) struct Sheet {
    text: String,
    left: usize,
    cut: usize,
}

impl Sheet {
    /// A sheet of at most `limit` UTF-16 units, `reserved` of them for what is written last.
    pub(super) fn new(limit: usize, reserved: usize) -> Self {
        Self { text: String::new(), left: limit.saturating_sub(reserved + COUNT), cut: 0 }
    }

    /// One line, or several that belong together.
    pub(super) fn line(&mut self, line: &str) {
        if !self.put(line, 0) {
            self.cut += 1;
        }
    }

    /// An empty line.
    pub(super) fn gap(&mut self) {
        self.put("", 0);
    }

    /// Items between an opening and its end; as many as there is room for, the others counted.
    pub(super) fn block(&mut self, open: &str, items: &[String], close: &str, more: fn(usize) -> String) {
        let end = size(close) + COUNT;
        if items.is_empty() {
            return;
        }
        if size(open) + size(&items[0]) + end > self.left {
            self.cut += items.len();
            return;
        }
        self.put(open, end);
        let written = items.iter().take_while(|item| self.put(item, end)).count();
        if written < items.len() {
            self.put(&more(items.len() - written), size(close));
        }
        self.put(close, 0);
    }

    /// The text, what was left out counted, `last` at its end: within what was reserved.
    pub(super) fn finish(mut self, last: &str) -> String {
        if self.cut > 0 {
            self.text.push_str(&format!("\n… {} more left out: there is no room in a comment.\n", self.cut));
        }
        self.text.push_str(last);
        self.text
    }

    /// Writes a line if it and `reserved` fit.
    fn put(&mut self, line: &str, reserved: usize) -> bool {
        let size = size(line);
        if size + reserved > self.left {
            return false;
        }
        self.left -= size;
        self.text.push_str(line);
        self.text.push('\n');
        true
    }
}

fn size(line: &str) -> usize {
    line.encode_utf16().count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_counted_and_what_was_opened_is_closed() {
        let items: Vec<String> = (0..100).map(|number| format!("- item {number} 🎓")).collect();
        for limit in 100..2000 {
            let mut sheet = Sheet::new(limit, 10);
            sheet.line("# title");
            sheet.block("<details>\n", &items, "</details>", |left| format!("- … and {left} more"));
            sheet.block("<details>\n", &items, "</details>", |left| format!("- … and {left} more"));
            let text = sheet.finish("footer\n");
            assert!(text.encode_utf16().count() <= limit, "{limit}: {text}");
            let count = |word: &str| text.matches(word).count();
            assert_eq!(count("<details>"), count("</details>"), "{text}");
            assert_eq!(
                text.lines().filter(|line| line.starts_with("- item")).count() < 200,
                text.contains("more")
            );
        }
    }
}
