//! A small menu stands for the files of this crate: what is wrong in it, and how that reads.

use std::sync::Arc;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Style, parse_yaml, render};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only read by the derive")]
struct Menu {
    title: String,
    #[serde(default)]
    seats: Option<u32>,
    #[serde(default)]
    size: Size,
    #[serde(default)]
    dishes: Vec<Dish>,
    #[serde(default)]
    prices: IndexMap<String, String>,
    #[serde(default)]
    steps: Vec<Step>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Size {
    #[default]
    Small,
    /// Bigger.
    Large,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only read by the derive")]
struct Dish {
    name: String,
    #[serde(default)]
    hot: bool,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[expect(dead_code, reason = "only read by the derive")]
enum Step {
    Cook(Dish),
    Serve(String),
}

fn mistakes(text: &str) -> String {
    let found = parse_yaml::<Menu>("menu.yaml", &Arc::from(text)).expect_err("the text has mistakes");
    render(&found, Style::Plain)
}

#[test]
fn text_keeps_its_source_form() {
    let menu: Menu = parse_yaml("menu.yaml", &Arc::from("title: 0755\nprices: { soup: 1.50, tea: true }\n"))
        .expect("plain scalars are text");
    assert_eq!(
        (menu.title.as_str(), menu.prices["soup"].as_str(), menu.prices["tea"].as_str()),
        ("0755", "1.50", "true")
    );
}

#[test]
fn malformed_yaml() {
    insta::assert_snapshot!(mistakes("title: Lunch\ndishes: [a, b\nseats: 3\n"), @r"
        error: illegal placement of ':' indicator
         --> menu.yaml:3:6
          |
        3 | seats: 3
          |      ^
    ");
}

#[test]
fn unknown_and_missing_keys() {
    insta::assert_snapshot!(mistakes("titel: Lunch\nseats: 3\n"), @r"
        error: unknown key `titel`
         --> menu.yaml:1:1
          |
        1 | titel: Lunch
          | ^^^^^
          |
          = help: did you mean `title`?

        error: missing key `title`
         --> menu.yaml:1:1
          |
        1 | titel: Lunch
          | ^^^^^
          |
          = help: add `title: …`
    ");
}

#[test]
fn a_wrong_type_and_a_bad_value() {
    insta::assert_snapshot!(mistakes("title: Lunch\nseats: many\nsize: larg\n"), @r"
        error: `seats` takes a whole number, not `many`
         --> menu.yaml:2:8
          |
        2 | seats: many
          |        ^^^^

        error: `larg` is not a value of this key
         --> menu.yaml:3:7
          |
        3 | size: larg
          |       ^^^^
          |
          = help: did you mean `large`?
    ");
}

#[test]
fn every_mistake_of_a_file_at_once() {
    insta::assert_snapshot!(mistakes(
        "title: 1\nextra: 2\ndishes:\n  - name: Suppe 汤\n    hott: true\n  - hot: maybe\nsteps:\n  - cok: { name: soup }\n  - cook: { nam: soup }\nprices: [1]\n"
    ), @r"
        error: unknown key `extra`
         --> menu.yaml:2:1
          |
        2 | extra: 2
          | ^^^^^
          |
          = help: keys here: title, seats, size, dishes, prices, steps

        error: unknown key `hott`
         --> menu.yaml:5:5
          |
        5 |     hott: true
          |     ^^^^
          |
          = help: did you mean `hot`?

        error: missing key `name`
         --> menu.yaml:6:5
          |
        6 |   - hot: maybe
          |     ^^^
          |
          = help: add `name: …`

        error: `hot` takes true or false, not `maybe`
         --> menu.yaml:6:10
          |
        6 |   - hot: maybe
          |          ^^^^^

        error: unknown key `cok`
         --> menu.yaml:8:5
          |
        8 |   - cok: { name: soup }
          |     ^^^
          |
          = help: did you mean `cook`?

        error: missing key `name`
         --> menu.yaml:9:5
          |
        9 |   - cook: { nam: soup }
          |     ^^^^
          |
          = help: add `name: …`

        error: unknown key `nam`
         --> menu.yaml:9:13
          |
        9 |   - cook: { nam: soup }
          |             ^^^
          |
          = help: did you mean `name`?

        error: `prices` takes a map, not a list
          --> menu.yaml:10:1
           |
        10 | prices: [1]
           | ^^^^^^
    ");
}

#[test]
fn a_key_that_stands_twice() {
    insta::assert_snapshot!(mistakes("title: Lunch\ntitle: Dinner\n"), @r"
        error: key `title` stands twice
         --> menu.yaml:2:1
          |
        2 | title: Dinner
          | ^^^^^
          |
          = help: keep one of them
    ");
}
