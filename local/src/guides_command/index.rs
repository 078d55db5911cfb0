//! `docs/guides/README.md`: a heading for each group, below it a list of links, each with a sentence about its guide. People read
//! it as it is, `/docs/guides` shows it, and `/llms.txt` is made of it.

/// What `README.md` says.
#[derive(Debug)]
pub struct Index {
    pub groups: Vec<Group>,
}

/// Guides that belong together.
#[derive(Debug)]
pub struct Group {
    pub title: String,
    pub guides: Vec<Entry>,
}

/// A line of the list.
#[derive(Debug)]
pub struct Entry {
    /// The file's name without its ending.
    pub name: String,
    pub title: String,
    /// What it is about, in a sentence.
    pub about: String,
}

impl Index {
    /// Reads the list: `## Group` and `- [Title](name.md): about`.
    ///
    /// # Errors
    /// When an entry stands before the first group, has no sentence, or leads out of the folder.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut groups: Vec<Group> = Vec::new();
        for line in text.lines() {
            if let Some(title) = line.strip_prefix("## ") {
                groups.push(Group { title: title.to_owned(), guides: Vec::new() });
            } else if let Some(entry) = line.strip_prefix("- ") {
                let read = entry_of(entry).ok_or_else(|| format!("`{entry}` is no `[Title](name.md): sentence`"))?;
                let group = groups.last_mut().ok_or_else(|| format!("`{entry}` stands before the first group"))?;
                group.guides.push(read);
            }
        }
        Ok(Self { groups })
    }

    /// Every guide in order.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.groups.iter().flat_map(|group| &group.guides)
    }

    /// Every guide's name in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries().map(|entry| entry.name.as_str())
    }
}

fn entry_of(line: &str) -> Option<Entry> {
    let (title, rest) = line.strip_prefix('[')?.split_once("](")?;
    let (name, about) = rest.split_once(".md): ")?;
    let is_file = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    is_file.then(|| Entry { name: name.to_owned(), title: title.to_owned(), about: about.to_owned() })
}
