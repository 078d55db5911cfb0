//! The unit by which reranking is sold: a search is a query with up to a hundred documents, and of a long document each
//! part counts as one (<https://cohere.com/pricing>: "documents longer than 500 tokens, including the query, are split").

/// Documents of a search.
const PER_SEARCH: u64 = 100;
/// Tokens of a part of a document, the query with it.
const PART: u64 = 500;
/// Tokens that a query leaves of a part at least: a longer one is cut.
const LEAST_ROOM: u64 = 100;
/// Tokens of a document that are read, unless the request says otherwise.
const READ: u64 = 4096;

/// The searches of a query of so many tokens in documents of so many each; with tokens at most, the searches at most.
pub fn searches(query: u64, documents: impl Iterator<Item = u64>, most_read: Option<u64>) -> u64 {
    let room = PART.saturating_sub(query).max(LEAST_ROOM);
    let read = most_read.unwrap_or(READ);
    let parts: u64 = documents.map(|tokens| tokens.min(read).div_ceil(room).max(1)).sum();
    parts.div_ceil(PER_SEARCH).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_parts_are_a_search() {
        for (query, documents, expected) in [
            (10, vec![50; 1], 1),
            (10, vec![50; 100], 1),
            (10, vec![50; 101], 2),
            (10, vec![491; 50], 1),
            (10, vec![491; 51], 2),
            (10, vec![1_000_000; 10], 1),
            (10_000, vec![4_096; 10], 5),
            (0, vec![0; 100], 1),
        ] {
            assert_eq!(searches(query, documents.iter().copied(), None), expected, "{query} {}", documents.len());
        }
        assert_eq!(searches(0, vec![1_000_000; 1].into_iter(), Some(50_001)), 2);
    }
}
