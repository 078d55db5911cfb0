//! The public catalog, with the repository's own models, and what a catalog that lacks something comes to.

mod administration;
mod developers;
mod figures;
mod list;
mod lists;
mod one;
mod plans;
mod providers;
mod spelling;
mod states;

use std::fs;

use local::platform::repository;
use serde_json::Value;
use tests::answer::Answer;
use tests::world::World;

/// A world whose catalog is the repository's.
async fn seeded() -> World {
    let world = World::start().await;
    world.sql("delete from gateway.models").await;
    world.sql(&fs::read_to_string(repository().join("supabase/seeds/catalog.sql")).expect("a seed")).await;
    world
}

async fn get(world: &World, path: &str) -> Answer {
    Answer::to(world.http.get(format!("{}{path}", world.base_url))).await
}

/// The entries of a list, which must be one.
fn data(list: &Value) -> &Vec<Value> {
    assert_eq!(list["object"], "list");
    list["data"].as_array().expect("data")
}

/// The ids of a list.
fn ids(list: &Value) -> Vec<String> {
    data(list).iter().map(|entry| entry["id"].as_str().expect("an id").to_owned()).collect()
}
