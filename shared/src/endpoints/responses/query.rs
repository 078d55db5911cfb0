//! What a query asks of a stored response. The SDKs write a list as `include[]=`, once for each name.

use http::Uri;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::endpoints::input::{page_size, query_pairs, unknown_parameter};
use crate::error::Error;

/// Items a page, if the caller does not say otherwise, and at most.
const USUAL_PAGE: u32 = 20;
const LARGEST_PAGE: u32 = 100;

/// What a response holds besides.
#[derive(Debug, Default, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ResponseQuery {
    /// `reasoning.encrypted_content`: thoughts in the form in which a model takes them back. Other names say nothing here.
    #[param(max_items = 20)]
    pub include: Option<Vec<String>>,
    /// A stored response comes whole: `false` only.
    #[param(value_type = Option<String>, pattern = "^false$")]
    pub stream: Option<bool>,
}

/// Which page of a response's input.
#[derive(Debug, Default, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ItemsQuery {
    /// The id of the item behind which the page begins.
    pub after: Option<String>,
    /// As of a response.
    #[param(max_items = 20)]
    pub include: Option<Vec<String>>,
    /// Items a page.
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub limit: Option<u32>,
    /// By time.
    #[param(inline)]
    pub order: Option<Order>,
}

/// The order of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// Oldest first.
    Asc,
    /// Newest first, as a list comes where nothing is said.
    Desc,
}

impl ResponseQuery {
    /// Reads it.
    ///
    /// # Errors
    /// 400 that names what is not offered, or not known.
    pub fn read(uri: &Uri) -> Result<Self, Error> {
        let mut query = Self::default();
        for (name, value) in query_pairs(uri)? {
            match name.as_str() {
                "include" | "include[]" => query.include.get_or_insert_default().push(value),
                "stream" if value == "false" => query.stream = Some(false),
                "stream" => {
                    let message = "A stored response comes whole and is not streamed again; leave out `stream`.";
                    return Err(Error::invalid("stream", message));
                }
                _ => return Err(unknown_parameter(&name)),
            }
        }
        Ok(query)
    }
}

impl ItemsQuery {
    /// Reads it.
    ///
    /// # Errors
    /// 400 that names what is not as it should be, or not known.
    pub fn read(uri: &Uri) -> Result<Self, Error> {
        let mut query = Self::default();
        for (name, value) in query_pairs(uri)? {
            match name.as_str() {
                "include" | "include[]" => query.include.get_or_insert_default().push(value),
                "after" => query.after = Some(value),
                // What is no number is out of every range.
                "limit" => query.limit = Some(page_size(Some(value.parse().unwrap_or(0)), None, LARGEST_PAGE)?),
                "order" => {
                    query.order = Some(match value.as_str() {
                        "asc" => Order::Asc,
                        "desc" => Order::Desc,
                        _ => return Err(Error::invalid("order", "`order` is asc or desc.")),
                    });
                }
                _ => return Err(unknown_parameter(&name)),
            }
        }
        Ok(query)
    }

    /// The page of these items, which come oldest first, and whether there are more behind it.
    ///
    /// # Errors
    /// 400 when `after` names none of them.
    pub fn page<T>(&self, mut items: Vec<(String, T)>) -> Result<(Vec<(String, T)>, bool), Error> {
        if self.order != Some(Order::Asc) {
            items.reverse();
        }
        if let Some(after) = &self.after {
            let place = items.iter().position(|(id, _)| id == after);
            let place = place.ok_or_else(|| Error::invalid("after", "`after` is the id of an item of this list."))?;
            items.drain(..=place);
        }
        let limit = self.limit.unwrap_or(USUAL_PAGE) as usize;
        let has_more = items.len() > limit;
        items.truncate(limit);
        Ok((items, has_more))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(query: &str) -> Result<ItemsQuery, Error> {
        ItemsQuery::read(&format!("/x?{query}").parse().expect("an address"))
    }

    #[test]
    fn a_list_goes_from_an_item_on_in_either_order() {
        let page = |query: &str| {
            let all = ["a", "b", "c"].map(|id| (id.to_owned(), ())).to_vec();
            let (page, has_more) = items(query).expect("a query").page(all)?;
            Ok::<_, Error>((page.into_iter().map(|(id, ())| id).collect::<String>(), has_more))
        };
        for (query, expected) in [
            ("", ("cba", false)),
            ("order=asc", ("abc", false)),
            ("order=asc&limit=2", ("ab", true)),
            ("limit=1&after=c", ("b", true)),
            ("limit=2&after=c", ("ba", false)),
            ("order=asc&after=c", ("", false)),
        ] {
            assert_eq!(page(query), Ok((expected.0.to_owned(), expected.1)), "{query}");
        }
        assert_eq!(page("after=d").expect_err("none").param.as_deref(), Some("after"));
    }

    #[test]
    fn names_may_stand_several_times_and_what_is_not_known_is_refused() {
        let include = Some(vec!["a".to_owned(), "b".to_owned()]);
        assert_eq!(items("include[]=a&include=b").expect("a query").include, include);
        for (query, param) in
            [("order=up", "order"), ("limit=0", "limit"), ("limit=101", "limit"), ("limit=x", "limit"), ("x=1", "x")]
        {
            assert_eq!(items(query).expect_err(query).param.as_deref(), Some(param));
        }
        let of_response = |query: &str| ResponseQuery::read(&format!("/x?{query}").parse().expect("an address"));
        assert_eq!(of_response("stream=false").expect("a query").stream, Some(false));
        assert_eq!(of_response("stream=true").expect_err("none").param.as_deref(), Some("stream"));
    }
}
